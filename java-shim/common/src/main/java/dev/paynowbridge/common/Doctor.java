package dev.paynowbridge.common;

import dev.paynowbridge.ClientStats;
import dev.paynowbridge.CustomerQuery;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Says in plain words what works, what does not, and what to do about it. */
final class Doctor {
    static final String OFFICIAL = "PayNow";

    private static final Duration SLOW = Duration.ofSeconds(1);
    /** A shorter deadline makes commands fail on an ordinary bad day of a network. */
    private static final Duration SHORT = Duration.ofSeconds(1);
    private static final Duration SHORT_CONNECT = Duration.ofMillis(200);
    /** The date of an answer is cut to seconds, and networks take their time. */
    private static final Duration TOLERATED = Duration.ofSeconds(30);
    /** For each part; the one that calls the API has the longest. */
    private static final long PATIENCE_S = 6;

    private final Host host;
    private final Connection connection;
    private final OnDisk onDisk;
    private final ServerClock clock;
    private final LongSupplier nanoTime;

    /** What config.yml says now. */
    interface OnDisk {
        Settings read() throws SetupException;
    }

    Doctor(Host host, Connection connection, OnDisk onDisk, ServerClock clock, LongSupplier nanoTime) {
        this.host = host;
        this.connection = connection;
        this.onDisk = onDisk;
        this.clock = clock;
        this.nanoTime = nanoTime;
    }

    /** Completes on some thread. */
    CompletableFuture<List<Line>> examine() {
        Connection.Open open;
        try {
            open = connection.required();
        } catch (SetupException e) {
            List<Line> lines = notSetUp(e);
            lines.add(official());
            return CompletableFuture.completedFuture(lines);
        }
        CompletableFuture<List<Line>> call = limited(call(open), Connection.TRIAL.toSeconds() + 2, new Line("doctor.call-lost"));
        CompletableFuture<List<Line>> file = limited(file(open.settings()), PATIENCE_S, new Line("doctor.config-slow"));
        CompletableFuture<List<Line>> time = limited(
                clock.compare(open.settings().apiBase()).handle(Doctor::time), PATIENCE_S,
                new Line("doctor.clock-open", "detail", "no answer came in " + PATIENCE_S + " s"));
        Line neighbour = official();
        return CompletableFuture.allOf(call, file, time).thenApply(nothing -> {
            List<Line> lines = new ArrayList<>();
            lines.add(new Line(
                    "doctor.library-well",
                    "os", System.getProperty("os.name"),
                    "arch", System.getProperty("os.arch"),
                    "java", System.getProperty("java.version")));
            lines.addAll(file.join());
            lines.addAll(call.join());
            lines.addAll(time.join());
            network(open).ifPresent(lines::add);
            lines.add(neighbour);
            return lines;
        });
    }

    private static CompletableFuture<List<Line>> limited(CompletableFuture<List<Line>> part, long seconds, Line otherwise) {
        return part.copy().completeOnTimeout(List.of(otherwise), seconds, TimeUnit.SECONDS);
    }

    /** Why the library does not load takes several lines, and ends with what to do. */
    private static List<Line> notSetUp(SetupException reason) {
        String[] sentences = reason.getMessage().split("\n");
        List<Line> lines = new ArrayList<>();
        lines.add(new Line(reason.isLibrary() ? "doctor.library-ill" : "doctor.setup-ill", "detail", sentences[0]));
        for (int i = 1; i < sentences.length; i++) {
            lines.add(new Line("doctor.more", "detail", sentences[i].trim()));
        }
        return lines;
    }

    /** The plugin that delivers purchases, which this one does not replace. */
    private Line official() {
        if (host.hasOldVersion()) {
            return new Line("doctor.old-version");
        }
        Optional<String> version = host.otherPlugin(OFFICIAL);
        return version.isPresent()
                ? new Line("doctor.official-here", "version", version.get())
                : new Line(host.isProxy() ? "doctor.official-elsewhere" : "doctor.official-missing");
    }

    /** Whether config.yml still says what is in use. Folders can be on a network, so not on this thread. */
    private CompletableFuture<List<Line>> file(Settings inUse) {
        CompletableFuture<List<Line>> found = new CompletableFuture<>();
        Thread thread = new Thread(null, () -> found.complete(compare(inUse)), "paynow-bridge doctor", 0, false);
        thread.setDaemon(true);
        thread.start();
        return found;
    }

    private List<Line> compare(Settings inUse) {
        List<Line> lines = new ArrayList<>();
        try {
            if (!onDisk.read().equals(inUse)) {
                lines.add(new Line("doctor.config-changed"));
            }
        } catch (SetupException e) {
            lines.add(new Line("doctor.config-ill", "detail", e.getMessage()));
        } catch (RuntimeException e) {
            lines.add(new Line("doctor.config-ill", "detail", e.toString()));
        }
        if (inUse.connectTimeout().compareTo(SHORT_CONNECT) < 0) {
            lines.add(new Line("doctor.connect-short", "ms", inUse.connectTimeout().toMillis()));
        }
        return lines;
    }

    /** A page of customers needs the key and is never answered from memory. Waits longer than commands may. */
    private CompletableFuture<List<Line>> call(Connection.Open open) {
        long begun = nanoTime.getAsLong();
        return open.client()
                .tag(host.pluginName())
                .deadline(Connection.TRIAL)
                .listCustomers(CustomerQuery.all().limit(1))
                .handle((page, failure) -> called(open, failure, Duration.ofNanos(nanoTime.getAsLong() - begun)));
    }

    private static List<Line> called(Connection.Open open, Throwable failure, Duration took) {
        Duration deadline = open.settings().deadline();
        List<Line> lines = new ArrayList<>();
        if (failure != null) {
            lines.addAll(Explanations.forOwner(failure));
        } else {
            lines.add(new Line("doctor.key-well", "key", open.settings().key()));
            lines.add(new Line(took.compareTo(SLOW) < 0 ? "doctor.call-well" : "doctor.call-slow", "ms", took.toMillis()));
        }
        if (deadline.compareTo(SHORT) < 0 || failure == null && deadline.compareTo(took) < 0) {
            lines.add(new Line("doctor.deadline-short", "ms", deadline.toMillis()));
        }
        return lines;
    }

    /** Whether it answers, where one is set up. The call above has asked it. */
    private static Optional<Line> network(Connection.Open open) {
        return open.settings().network().map(network -> {
            ClientStats stats = open.client().stats();
            return stats.networkUp()
                    ? new Line(
                            "doctor.network-well", "servers", stats.networkServers(),
                            "ms", String.format(Locale.ROOT, "%.2f", stats.networkRoundTripUs() / 1000.0))
                    : new Line("doctor.network-ill", "addresses", network.addresses());
        });
    }

    private static List<Line> time(Duration ahead, @Nullable Throwable failure) {
        if (failure != null) {
            Throwable known = Explanations.cause(failure);
            String detail = known.getMessage() == null ? known.toString() : known.getMessage();
            return List.of(new Line("doctor.clock-open", "detail", detail));
        }
        if (ahead.abs().compareTo(TOLERATED) <= 0) {
            return List.of(new Line("doctor.clock-well"));
        }
        return List.of(new Line(
                ahead.isNegative() ? "doctor.clock-slow" : "doctor.clock-fast", "seconds", ahead.abs().toSeconds()));
    }
}
