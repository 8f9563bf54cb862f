import dev.paynowbridge.LogLevel;
import dev.paynowbridge.PayNowClient;
import dev.paynowbridge.PayNowFuture;
import dev.paynowbridge.PayNowOperations;
import dev.paynowbridge.Player;
import dev.paynowbridge.Remembered;
import dev.paynowbridge.TickExecutor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** One measurement of one peer, in a JVM of its own. Prints "name value" lines for {@link Report}. */
final class Measure {
    private static final long SECOND = 1_000_000_000L;
    private static final long TICK = SECOND / 20;
    private static final int PER_TICK = 20;
    private static final int WARM_TICKS = 600;
    private static final int READY = 100;
    private static final int PRESENT = 200;
    private static final int WATCHING = 500;
    private static final int DEADLINE_MS = 10_000;
    private static final UUID[] PLAYERS = new UUID[2_000];

    /** Where results go to be used. */
    private static final AtomicLong SINK = new AtomicLong();

    private Measure() {}

    /**
     * {@code submit PEER BASE WARM-BASE SECONDS DEADLINE-MS}, {@code load PEER BASE OUTSTANDING SECONDS WARM-SECONDS},
     * {@code complete BASE ROUNDS WARM-ROUNDS}, {@code calls BASE SECONDS}, {@code peek BASE ROUNDS WARM-ROUNDS},
     * {@code scoreboard BASE TICKS}, {@code wire BASE TICKS-A-SECOND SUBMITS} or {@code empty}.
     */
    public static void main(String[] arguments) throws Exception {
        for (int i = 0; i < PLAYERS.length; i++) {
            PLAYERS[i] = new UUID((i + 1L) << 32 | 0x4000, 0x8000_0000_0000_0000L | i + 1);
        }
        switch (arguments[0]) {
            case "submit" -> submit(arguments[1], arguments[2], arguments[3], Double.parseDouble(arguments[4]), Integer.parseInt(arguments[5]));
            case "load" -> load(arguments[1], arguments[2], Integer.parseInt(arguments[3]), Double.parseDouble(arguments[4]), Double.parseDouble(arguments[5]));
            case "complete" -> complete(arguments[1], Integer.parseInt(arguments[2]), Integer.parseInt(arguments[3]));
            case "calls" -> calls(arguments[1], Double.parseDouble(arguments[2]));
            case "peek" -> peek(arguments[1], Integer.parseInt(arguments[2]), Integer.parseInt(arguments[3]));
            case "scoreboard" -> scoreboard(arguments[1], Integer.parseInt(arguments[2]));
            case "wire" -> wire(arguments[1], Integer.parseInt(arguments[2]), Integer.parseInt(arguments[3]));
            case "empty" -> footprint();
            default -> throw new IllegalArgumentException(arguments[0]);
        }
        print("process_cpu", cpuSeconds());
        System.out.flush();
        // What a peer still has under way does not matter any more.
        Runtime.getRuntime().halt(0);
    }

    private static void print(String name, double value) {
        System.out.printf(Locale.ROOT, "%s %.6f%n", name, value);
    }

    /** Times in nanoseconds, in memory that is there before the first. */
    private static final class Samples {
        private final long[] values;
        private int count;

        Samples(int most) {
            values = new long[most];
            Arrays.fill(values, -1);
        }

        void add(long value) {
            if (count < values.length) {
                values[count++] = value;
            }
        }

        void print(String name) {
            Arrays.sort(values, 0, count);
            Measure.print(name + ".n", count);
            Measure.print(name + ".p50", rank(0.5));
            Measure.print(name + ".p99", rank(0.99));
            Measure.print(name + ".p999", rank(0.999));
            Measure.print(name + ".max", rank(1));
        }

        /** Nearest rank: always a value that was really seen. */
        private long rank(double share) {
            return count == 0 ? 0 : values[Math.max(0, (int) Math.ceil(share * count) - 1)];
        }
    }

    private static void sleepUntil(long when) {
        for (long left = when - System.nanoTime(); left > 0; left = when - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    // ---- what a submit costs the thread that ticks ----

    private static final LongAdder ANSWERED = new LongAdder();
    private static final LongAdder FAILED = new LongAdder();

    private static void ended(Object value, Throwable failure) {
        (failure == null && value != null ? ANSWERED : FAILED).increment();
    }

    private static void submit(String name, String base, String warmBase, double seconds, int deadlineMs) {
        int ticks = (int) (seconds * SECOND / TICK);
        Samples none = new Samples(0);
        Samples all = new Samples(ticks * PER_TICK);
        Samples whole = new Samples(ticks * PER_TICK);
        Samples first = new Samples(ticks);
        Samples clock = new Samples(ticks * PER_TICK);
        // With a healthy server, whatever the measured one does: a plugin has been running for a while when the API hangs.
        try (Peer warm = Peer.of(name, warmBase, DEADLINE_MS, true)) {
            loop(warm, 8, seconds < 4 ? 1 : 2);
            ticks(warm, WARM_TICKS, SECOND / 200, none, none, none, none);
            rest(warm::tick, (long) WARM_TICKS * PER_TICK);
        }
        Peer peer = Peer.of(name, base, deadlineMs, true);
        ticks(peer, 20, TICK, none, none, none, none);
        System.gc();
        ANSWERED.reset();
        FAILED.reset();
        ticks(peer, ticks, TICK, all, whole, first, clock);
        footprint();
        print("ended", ANSWERED.sum() + FAILED.sum());
        all.print("all");
        whole.print("whole");
        first.print("first");
        clock.print("clock");
    }

    private static void ticks(Peer peer, int count, long every, Samples all, Samples whole, Samples first, Samples clock) {
        long next = System.nanoTime();
        int player = 0;
        for (int tick = 0; tick < count; tick++) {
            next += every;
            sleepUntil(next);
            peer.tick();
            for (int i = 0; i < PER_TICK; i++) {
                long begin = System.nanoTime();
                Object prepared = peer.prepare(PLAYERS[player++ % PLAYERS.length]);
                long from = System.nanoTime();
                peer.send(prepared, Measure::ended);
                long end = System.nanoTime();
                all.add(end - from);
                whole.add(end - begin);
                if (i == 0) {
                    first.add(end - from);
                }
            }
            for (int i = 0; i < PER_TICK; i++) {
                long from = System.nanoTime();
                clock.add(System.nanoTime() - from);
            }
        }
    }

    /** A peer that is behind with its warming up must not work on that while it is measured. */
    private static void rest(Runnable tick, long submitted) {
        long end = System.nanoTime() + 30 * SECOND;
        while (ANSWERED.sum() + FAILED.sum() < submitted && System.nanoTime() < end) {
            tick.run();
            LockSupport.parkNanos(SECOND / 1_000);
        }
    }

    // ---- throughput ----

    /** Keeps so many requests outstanding; each answer is replaced by another request, on the thread that brought it. */
    private static final class Lane {
        private final Peer peer;
        private final AtomicInteger player;
        private final LongAdder done;
        private final LongAdder errors;
        volatile boolean stop;

        Lane(Peer peer, AtomicInteger player, LongAdder done, LongAdder errors) {
            this.peer = peer;
            this.player = player;
            this.done = done;
            this.errors = errors;
        }

        void next() {
            peer.send(peer.prepare(PLAYERS[(player.getAndIncrement() & Integer.MAX_VALUE) % PLAYERS.length]), this::ended);
        }

        private void ended(Object value, Throwable failure) {
            if (failure != null || value == null) {
                errors.increment();
                return;
            }
            done.increment();
            if (!stop) {
                next();
            }
        }
    }

    private static void loop(Peer peer, int outstanding, double seconds) {
        LongAdder done = new LongAdder();
        Lane[] lanes = start(peer, outstanding, done, done);
        long end = System.nanoTime() + (long) (seconds * SECOND);
        while (System.nanoTime() < end) {
            peer.tick();
            LockSupport.parkNanos(SECOND / 1_000);
        }
        for (Lane lane : lanes) {
            lane.stop = true;
        }
    }

    private static Lane[] start(Peer peer, int outstanding, LongAdder done, LongAdder errors) {
        AtomicInteger player = new AtomicInteger();
        Lane[] lanes = new Lane[outstanding];
        for (int i = 0; i < outstanding; i++) {
            lanes[i] = new Lane(peer, player, done, errors);
            lanes[i].next();
        }
        return lanes;
    }

    private static double cpuSeconds() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime() / 1e9;
    }

    private static void load(String name, String base, int outstanding, double seconds, double warmSeconds) {
        Peer peer = Peer.of(name, base, DEADLINE_MS, false);
        LongAdder done = new LongAdder();
        LongAdder errors = new LongAdder();
        long end = System.nanoTime() + (long) (warmSeconds * SECOND);
        start(peer, outstanding, done, errors);
        sleepUntil(end);
        double cpu = cpuSeconds();
        long before = done.sum();
        long from = System.nanoTime();
        sleepUntil(from + (long) (seconds * SECOND));
        long answered = done.sum() - before;
        double took = (System.nanoTime() - from) / 1e9;
        print("rate", answered / took);
        print("cpu_per_10k", (cpuSeconds() - cpu) / answered * 10_000);
        print("errors", errors.sum());
        print("total", done.sum());
        footprint();
    }

    // ---- what a completion costs the thread that ticks ----

    /** A hundred answers lie ready; how long does the tick take to run them all? */
    private static void complete(String base, int rounds, int warmRounds) {
        AtomicInteger ready = new AtomicInteger();
        TickExecutor ticks = new TickExecutor();
        PayNowClient client = client(base, Duration.ZERO);
        PayNowOperations operations = client.on(task -> {
            ticks.execute(task);
            ready.incrementAndGet();
        });
        Samples each = new Samples(rounds);
        for (int round = 0; round < warmRounds + rounds; round++) {
            long next = System.nanoTime() + (round < warmRounds ? 0 : TICK);
            ready.set(0);
            for (int i = 0; i < READY; i++) {
                operations.lookupCustomer(PLAYERS[(round * READY + i) % PLAYERS.length]).thenAccept(found -> {
                    // A failure would not come here, and the sum below would tell.
                    SINK.addAndGet(found.orElseThrow().id().length());
                });
            }
            while (ready.get() < READY) {
                LockSupport.parkNanos(SECOND / 10_000);
            }
            sleepUntil(next);
            long sum = SINK.get();
            long from = System.nanoTime();
            int ran = ticks.drain(Duration.ofMillis(50));
            long took = System.nanoTime() - from;
            if (ran != READY || SINK.get() - sum != (long) READY * Peer.STORE.length()) {
                throw new IllegalStateException("not all of a tick's answers came: " + ran);
            }
            if (round >= warmRounds) {
                each.add(took / READY);
            }
        }
        each.print("complete");
    }

    /** {@code memory}: how long answers are remembered. */
    private static PayNowClient client(String base, Duration memory) {
        return PayNowClient.builder(Peer.STORE)
                .apiBase(base)
                .apiKey(Peer.KEY)
                .proxy("")
                .cacheTtl(memory)
                .cacheNegativeTtl(memory)
                .logLevel(LogLevel.ERROR)
                .log((level, line) -> {})
                .build();
    }

    // ---- what one way of asking costs beside another ----

    private record Kind(String name, Consumer<UUID> call) {}

    /** Each tick makes so many of each kind one kind after the other, and another first in each tick. */
    private static void calls(String base, double seconds) {
        int count = (int) (seconds * SECOND / TICK);
        TickExecutor ticks = new TickExecutor();
        PayNowOperations asking = client(base, Duration.ZERO).on(ticks);
        List<Kind> kinds = List.of(
                new Kind("lookup_uuid", id -> asking.lookupCustomer(id).whenComplete(Measure::ended)),
                new Kind("lookup_player", id -> asking.lookupPlayer(Player.of(id, "Notch")).whenComplete(Measure::ended)));
        callAll(ticks, kinds, samples(kinds.size(), 0), WARM_TICKS, SECOND / 200);
        rest(() -> ticks.drain(Duration.ofMillis(50)), (long) WARM_TICKS * PER_TICK * kinds.size());
        FAILED.reset();
        Samples[] samples = samples(kinds.size(), count * PER_TICK);
        System.gc();
        callAll(ticks, kinds, samples, count, TICK);
        for (int kind = 0; kind < samples.length; kind++) {
            samples[kind].print(kinds.get(kind).name());
        }
        requireNoFailure();
    }

    private static Samples[] samples(int count, int most) {
        return Stream.generate(() -> new Samples(most)).limit(count).toArray(Samples[]::new);
    }

    private static void callAll(TickExecutor ticks, List<Kind> kinds, Samples[] samples, int count, long every) {
        long next = System.nanoTime();
        int player = 0;
        for (int tick = 0; tick < count; tick++) {
            next += every;
            sleepUntil(next);
            ticks.drain(Duration.ofMillis(50));
            for (int turn = 0; turn < samples.length; turn++) {
                int kind = (tick + turn) % samples.length;
                Consumer<UUID> call = kinds.get(kind).call();
                for (int i = 0; i < PER_TICK; i++) {
                    UUID id = PLAYERS[player++ % PLAYERS.length];
                    long from = System.nanoTime();
                    call.accept(id);
                    samples[kind].add(System.nanoTime() - from);
                }
            }
        }
    }

    private static void requireNoFailure() {
        if (FAILED.sum() > 0) {
            throw new IllegalStateException(FAILED.sum() + " look-ups failed");
        }
    }

    /** As many customers as a server has players are remembered, and looked at one after the other. */
    private static void peek(String base, int rounds, int warmRounds) {
        PayNowClient client = client(base, Duration.ofHours(1));
        List<UUID> present = List.of(PLAYERS).subList(0, PRESENT);
        present.stream().map(client::lookupCustomer).toList().forEach(PayNowFuture::join);
        Samples samples = new Samples(rounds * PRESENT);
        for (int round = 0; round < warmRounds + rounds; round++) {
            for (UUID id : present) {
                long from = System.nanoTime();
                Optional<Remembered> found = client.peek(id);
                long took = System.nanoTime() - from;
                SINK.addAndGet(found.orElseThrow().customer().orElseThrow().id().length());
                if (round >= warmRounds) {
                    samples.add(took);
                }
            }
        }
        samples.print("peek");
    }

    /** As many players look at their scoreboards in each tick, and all are known. */
    private static void scoreboard(String base, int ticks) throws IOException {
        try (Scoreboard scoreboard = new Scoreboard(base)) {
            List<UUID> watching = List.of(PLAYERS).subList(0, WATCHING);
            long end = System.nanoTime() + 60 * SECOND;
            for (UUID player : watching) {
                while (!scoreboard.isKnown(player)) {
                    if (System.nanoTime() > end) {
                        throw new IllegalStateException("not all players are known");
                    }
                    LockSupport.parkNanos(SECOND / 1_000);
                }
            }
            Samples samples = new Samples(ticks);
            long bytes = 0;
            long cpu = 0;
            long next = System.nanoTime();
            for (int tick = 0; tick < WARM_TICKS + ticks; tick++) {
                boolean counts = tick >= WARM_TICKS;
                next += counts ? TICK : SECOND / 200;
                sleepUntil(next);
                long before = allocated();
                long cpuBefore = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
                long from = System.nanoTime();
                long length = 0;
                for (UUID player : watching) {
                    length += scoreboard.show(player);
                }
                long took = System.nanoTime() - from;
                SINK.addAndGet(length);
                if (counts) {
                    samples.add(took);
                    cpu += ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - cpuBefore;
                    bytes += allocated() - before;
                }
            }
            samples.print("scoreboard");
            print("scoreboard.lines", WATCHING * scoreboard.lines());
            print("scoreboard.cpu", (double) cpu / ticks);
            print("scoreboard.bytes", (double) bytes / ticks);
        }
    }

    private static long allocated() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean()).getThreadAllocatedBytes(Thread.currentThread().getId());
    }

    // ---- how long a request waits until it is sent ----

    /** One request now and then from a host that ticks; the answer's id is when the server read it. */
    private static void wire(String base, int rate, int submits) {
        long every = SECOND / rate;
        TickExecutor ticks = new TickExecutor();
        PayNowOperations operations = client(base, Duration.ZERO).on(ticks);
        Samples waits = new Samples(submits);
        Random random = new Random(1);
        long next = System.nanoTime();
        // Two seconds in which the client learns the rhythm, and then a request every third of a second or so.
        int quiet = 2 * rate;
        for (int asked = 0; waits.count < submits; requireNoFailure()) {
            next += every;
            sleepUntil(next);
            ticks.drain(Duration.ofMillis(10));
            if (--quiet < 0 && asked < submits) {
                quiet = rate / 6 + random.nextInt(rate / 3);
                asked++;
                long from = System.nanoTime();
                operations.lookupCustomer(PLAYERS[asked % PLAYERS.length]).whenComplete((found, failure) -> {
                    if (failure != null) {
                        FAILED.increment();
                    } else {
                        waits.add(Long.parseLong(found.orElseThrow().id()) - from);
                    }
                });
            }
        }
        waits.print("wire");
    }

    // ---- this process ----

    private static void footprint() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
                if (line.startsWith("VmRSS:")) {
                    print("rss_kib", Double.parseDouble(line.replaceAll("[^0-9]", "")));
                } else if (line.startsWith("Threads:")) {
                    print("threads", Double.parseDouble(line.replaceAll("[^0-9]", "")));
                }
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
