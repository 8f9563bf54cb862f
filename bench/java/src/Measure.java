import dev.paynowbridge.LogLevel;
import dev.paynowbridge.PayNowClient;
import dev.paynowbridge.PayNowOperations;
import dev.paynowbridge.TickExecutor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/** One measurement of one peer, in a JVM of its own. Prints "name value" lines for {@link Report}. */
final class Measure {
    private static final long SECOND = 1_000_000_000L;
    private static final long TICK = SECOND / 20;
    private static final int PER_TICK = 20;
    private static final int WARM_TICKS = 600;
    private static final int READY = 100;
    private static final int DEADLINE_MS = 10_000;
    private static final UUID[] PLAYERS = new UUID[2_000];

    /** Where results go to be used. */
    private static final AtomicLong SINK = new AtomicLong();

    private Measure() {}

    /**
     * {@code submit PEER BASE WARM-BASE SECONDS DEADLINE-MS}, {@code load PEER BASE OUTSTANDING SECONDS WARM-SECONDS},
     * {@code complete BASE ROUNDS WARM-ROUNDS} or {@code empty}.
     */
    public static void main(String[] arguments) throws Exception {
        for (int i = 0; i < PLAYERS.length; i++) {
            PLAYERS[i] = new UUID((i + 1L) << 32 | 0x4000, 0x8000_0000_0000_0000L | i + 1);
        }
        switch (arguments[0]) {
            case "submit" -> submit(arguments[1], arguments[2], arguments[3], Double.parseDouble(arguments[4]), Integer.parseInt(arguments[5]));
            case "load" -> load(arguments[1], arguments[2], Integer.parseInt(arguments[3]), Double.parseDouble(arguments[4]), Double.parseDouble(arguments[5]));
            case "complete" -> complete(arguments[1], Integer.parseInt(arguments[2]), Integer.parseInt(arguments[3]));
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
            rest(warm, (long) WARM_TICKS * PER_TICK);
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
    private static void rest(Peer peer, long submitted) {
        long end = System.nanoTime() + 30 * SECOND;
        while (ANSWERED.sum() + FAILED.sum() < submitted && System.nanoTime() < end) {
            peer.tick();
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
        PayNowClient client = PayNowClient.builder(Peer.STORE)
                .apiBase(base)
                .apiKey(Peer.KEY)
                .proxy("")
                .cacheTtl(Duration.ZERO)
                .cacheNegativeTtl(Duration.ZERO)
                .logLevel(LogLevel.ERROR)
                .log((level, line) -> {})
                .build();
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
