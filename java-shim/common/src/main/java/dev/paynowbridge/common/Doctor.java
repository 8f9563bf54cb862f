package dev.paynowbridge.common;

import dev.paynowbridge.Customer;
import dev.paynowbridge.CustomerQuery;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;

/** Says in plain words what works, what does not, and what to do about it. */
final class Doctor {
    private static final Duration SLOW = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofSeconds(10);
    /** The date of an answer is cut to seconds, and networks take their time. */
    private static final Duration TOLERATED = Duration.ofSeconds(30);

    private final Connection connection;
    private final ServerClock clock;
    private final LongSupplier nanoTime;

    Doctor(Connection connection, ServerClock clock, LongSupplier nanoTime) {
        this.connection = connection;
        this.clock = clock;
        this.nanoTime = nanoTime;
    }

    /** Completes on some thread, and never fails. */
    CompletableFuture<List<Line>> examine() {
        Connection.Open open;
        try {
            open = connection.required();
        } catch (SetupException e) {
            return CompletableFuture.completedFuture(notSetUp(e));
        }
        CompletableFuture<List<Line>> call = call(open);
        CompletableFuture<Line> time = clock.compare(URI.create(open.settings().apiBase())).handle(Doctor::time);
        return call.thenCombine(time, (calls, times) -> {
            List<Line> lines = new ArrayList<>();
            lines.add(new Line(
                    "doctor.library-well",
                    "os", System.getProperty("os.name"),
                    "arch", System.getProperty("os.arch"),
                    "java", System.getProperty("java.version")));
            lines.addAll(calls);
            lines.add(times);
            return lines;
        });
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

    /** A page of customers needs the key and is never answered from memory. */
    private CompletableFuture<List<Line>> call(Connection.Open open) {
        Duration deadline = open.settings().deadline().compareTo(LONGEST) < 0 ? open.settings().deadline() : LONGEST;
        long begun = nanoTime.getAsLong();
        return open.client()
                .deadline(deadline)
                .listCustomers(CustomerQuery.all().limit(1))
                .handle((page, failure) -> called(open, page, failure, Duration.ofNanos(nanoTime.getAsLong() - begun)));
    }

    private static List<Line> called(Connection.Open open, List<Customer> page, Throwable failure, Duration took) {
        if (failure != null) {
            return Explanations.of(failure);
        }
        String speed = took.compareTo(SLOW) < 0 ? "doctor.call-well" : "doctor.call-slow";
        return List.of(
                new Line("doctor.key-well", "key", open.settings().key()), new Line(speed, "ms", took.toMillis()));
    }

    private static Line time(Duration ahead, Throwable failure) {
        if (failure != null) {
            return new Line("doctor.clock-open", "detail", failure.getMessage());
        }
        if (ahead.abs().compareTo(TOLERATED) <= 0) {
            return new Line("doctor.clock-well");
        }
        return new Line(
                ahead.isNegative() ? "doctor.clock-slow" : "doctor.clock-fast", "seconds", ahead.abs().toSeconds());
    }
}
