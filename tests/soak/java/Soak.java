import dev.paynowbridge.ApiRequest;
import dev.paynowbridge.Authentication;
import dev.paynowbridge.AuthenticationPlatform;
import dev.paynowbridge.ClientStats;
import dev.paynowbridge.CustomerFields;
import dev.paynowbridge.CustomerQuery;
import dev.paynowbridge.CustomerToken;
import dev.paynowbridge.LogLevel;
import dev.paynowbridge.LookupKey;
import dev.paynowbridge.PayNowClient;
import dev.paynowbridge.PayNowException;
import dev.paynowbridge.PayNowFuture;
import dev.paynowbridge.PayNowOperations;
import dev.paynowbridge.Player;
import dev.paynowbridge.TickExecutor;
import dev.paynowbridge.sandbox.Sandbox;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/**
 * Requests of every kind from several threads, with faults, cancels, tags and clients that come and go. Each future completes
 * once, and heap, resident memory, threads and descriptors stay flat: they are read when nothing is outstanding, after each of
 * {@link #ROUNDS} equal parts.
 */
public final class Soak {
    private static final String NOTCH = "421621336637440000";
    private static final String MIRA = "440116992540673366";
    private static final UUID NOTCH_UUID = UUID.fromString("069a79f4-44e9-4726-a5be-fca90e38aaf5");
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final int ROUNDS = 40;
    private static final int THREADS = 4;
    private static final int MOST_OUTSTANDING = 2_000;
    private static final int GUEST_REQUESTS = 50;
    private static final int TAGS = 8;

    /** Half of all requests lie between the two medians that are compared: with a million, this is a byte for each. */
    private static final long HEAP_SLACK_KIB = 512;

    private static final long RESIDENT_SLACK_KIB = 4 * 1024;
    /** Workers follow the load and leave when idle; one thread a guest would be far beyond this. */
    private static final long THREAD_SLACK = 16;

    private static final long DESCRIPTOR_SLACK = 16;

    /** Most rounds are healthy: a million requests are to get somewhere. */
    private static final String[] FAULTS = {
        "{}",
        "{}",
        "{}",
        "{\"latency_ms\":5,\"jitter_ms\":5}",
        "{}",
        "{\"rules\":[{\"probability\":0.1,\"respond\":{\"status\":503,\"body\":\"{}\"}}]}",
        "{\"rules\":[{\"probability\":0.1,\"reset\":true}]}",
        "{\"rules\":[{\"probability\":0.1,\"reset_mid_body\":true},{\"probability\":0.1,\"close_after\":true}]}",
        "{\"rules\":[{\"probability\":0.1,\"respond\":{\"status\":200,\"body\":\"<html>\"}}]}",
        "{\"rules\":[{\"probability\":0.002,\"hang\":true}]}",
    };

    private final Sandbox sandbox;
    private final int requests;
    /** By request, how often it completed. Allocated at the start, so that counting is not growing. */
    private final AtomicIntegerArray completions;

    private final Semaphore places = new Semaphore(MOST_OUTSTANDING);
    private final Map<String, LongAdder> endings = new ConcurrentHashMap<>();
    private final TickExecutor tick = new TickExecutor();
    private final LongAdder accepted = new LongAdder();
    private final LongAdder strangers = new LongAdder();
    private final LongAdder unsettled = new LongAdder();
    private volatile PayNowClient client;

    private final List<long[]> samples = new ArrayList<>();
    private int passed;
    private int failed;

    private Soak(Sandbox sandbox, int requests) {
        this.sandbox = sandbox;
        this.requests = requests;
        completions = new AtomicIntegerArray(requests);
    }

    public static void main(String[] arguments) throws Exception {
        int requests = Integer.parseInt(arguments[0]);
        if (requests < ROUNDS * THREADS || requests % (ROUNDS * THREADS) != 0) {
            System.err.println("soak-java: the number of requests must be a multiple of " + ROUNDS * THREADS);
            System.exit(2);
        }
        Soak soak;
        try (Sandbox sandbox = new Sandbox()) {
            soak = new Soak(sandbox, requests);
            soak.run();
        }
        System.out.println("soak-java: " + soak.passed + " passed, " + soak.failed + " failed");
        System.exit(soak.failed == 0 ? 0 : 1);
    }

    private PayNowClient open() {
        return PayNowClient.builder(Sandbox.STORE)
                .apiBase(sandbox.base())
                .apiKey(Sandbox.KEY)
                .proxy("")
                .deadline(Duration.ofSeconds(2))
                .retryBase(Duration.ofMillis(20))
                .maxWorkers(16)
                .cacheTtl(Duration.ofMillis(500))
                .cacheNegativeTtl(Duration.ofMillis(500))
                // Full early, so that its filling up is not taken for a leak.
                .cacheBytes(1 << 20)
                .logLevel(LogLevel.ERROR)
                .log((level, line) -> {})
                .build();
    }

    private void run() throws Exception {
        System.out.println("soak-java: " + requests + " requests, " + THREADS + " threads, Java " + System.getProperty("java.version"));
        Thread ticker = new Thread(this::ticks, "ticks");
        ticker.setDaemon(true);
        ticker.start();
        client = open();
        long from = System.nanoTime();
        for (int round = 0; round < ROUNDS && unsettled.sum() == 0; round++) {
            sandbox.faults(FAULTS[round % FAULTS.length]);
            round(round);
            settle(round);
            sample();
        }
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - from);
        client.close();
        System.out.println("  took " + seconds + " s; by ending: " + new TreeMap<>(endings));
        judge();
    }

    private void ticks() {
        while (true) {
            tick.drain(Duration.ofMillis(5));
            try {
                Thread.sleep(5);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** One part of the requests, from all threads; clients come and go meanwhile. */
    private void round(int round) throws InterruptedException {
        int each = requests / ROUNDS / THREADS;
        Thread[] threads = new Thread[THREADS];
        for (int i = 0; i < THREADS; i++) {
            int first = (round * THREADS + i) * each;
            boolean reopens = i == 0 && round % 4 == 3;
            threads[i] = new Thread(() -> {
                for (int n = first; n < first + each; n++) {
                    if (reopens && n == first + each / 2) {
                        reopen();
                    }
                    submit(client, n);
                }
            });
            threads[i].start();
        }
        for (int i = 0; i < 5; i++) {
            guest();
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    /** The other threads keep using the old client until they see the new one: their futures fail then, but they complete. */
    private void reopen() {
        PayNowClient old = client;
        client = open();
        old.close();
    }

    /** A plugin that is loaded and unloaded with requests under way. */
    private void guest() {
        List<PayNowFuture<?>> owed = new ArrayList<>();
        try (PayNowClient guest = open()) {
            for (int i = 0; i < GUEST_REQUESTS; i++) {
                owed.add(operation(guest, i));
            }
        }
        for (PayNowFuture<?> future : owed) {
            if (!future.isDone()) {
                unsettled.increment();
            }
        }
    }

    private void submit(PayNowClient on, int number) {
        ThreadLocalRandom dice = ThreadLocalRandom.current();
        places.acquireUninterruptibly();
        int tag = dice.nextInt(TAGS);
        PayNowOperations view = on.tag(new UUID(1, tag));
        if (dice.nextInt(4) == 0) {
            view = view.inBackground();
        }
        if (dice.nextInt(10) == 0) {
            view = view.deadline(Duration.ofMillis(20));
        }
        if (dice.nextInt(3) == 0) {
            view = view.on(tick);
        }
        PayNowFuture<?> future = operation(view, number);
        accepted.increment();
        future.whenComplete((value, failure) -> {
            completions.incrementAndGet(number);
            endings.computeIfAbsent(ending(failure), key -> new LongAdder()).increment();
            places.release();
        });
        if (dice.nextInt(20) == 0) {
            future.cancel(false);
        }
        if (dice.nextInt(4_000) == 0) {
            on.cancelAll(new UUID(1, tag));
        }
        if (dice.nextInt(50) == 0) {
            on.peek(NOTCH_UUID);
        }
    }

    private String ending(Throwable failure) {
        Throwable cause = failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause == null) {
            return "answered";
        }
        if (cause instanceof PayNowException known) {
            return known.status().name();
        }
        if (cause instanceof CancellationException) {
            return "cancelled by its future";
        }
        strangers.increment();
        return cause.toString();
    }

    private static PayNowFuture<?> operation(PayNowOperations on, int number) {
        ThreadLocalRandom dice = ThreadLocalRandom.current();
        String text = "soak " + number % 5_000;
        // A store that only grows would be measured instead of the library: one new customer in so many is enough.
        boolean creates = dice.nextInt(200) == 0;
        return switch (dice.nextInt(14)) {
            case 0 -> on.listCustomers(CustomerQuery.all().limit(5));
            case 1 -> creates
                    ? on.createCustomer(CustomerFields.builder().minecraftUuid(UUID.randomUUID()).build())
                    : on.updateCustomer(MIRA, CustomerFields.builder().name("Mira").build());
            case 2 -> on.getCustomer(NOTCH);
            case 3 -> on.createCustomerToken(NOTCH);
            case 4 -> on.invalidateCustomerTokens(MIRA);
            case 5 -> creates
                    ? on.bulkCreateCustomers(List.of(CustomerFields.builder().minecraftUuid(UUID.randomUUID()).build()))
                    : on.lookupCustomer(LookupKey.minecraftJavaName("Notch"));
            case 6 -> on.authenticateCustomer(
                    new Authentication(AuthenticationPlatform.MINECRAFT_UUID, NOTCH_UUID.toString(), "203.0.113.7"));
            case 7 -> on.getCurrentCustomer(CustomerToken.of("pnct_unknown"));
            case 8 -> on.lookupGiftcard(CustomerToken.of("pnct_unknown"), text);
            case 9 -> on.request(ApiRequest.get("/v1/stores/" + Sandbox.STORE + "/customers/" + MIRA));
            case 10 -> on.ensureCustomer(Player.of(NOTCH_UUID, "Notch"));
            case 11 -> on.tokenFor(Player.of(NOTCH_UUID, "Notch"));
            case 12 -> on.lookupCustomer(LookupKey.name(text));
            default -> on.lookupCustomer(new UUID(0x4000L | (long) (number % 5_000) << 32, 0x8000_0000_0000_0000L));
        };
    }

    private static boolean await(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                return false;
            }
            Thread.sleep(2);
        }
        return true;
    }

    /** Waits until nothing is outstanding. */
    private void settle(int round) throws InterruptedException {
        boolean done = await(() -> places.availablePermits() == MOST_OUTSTANDING);
        // A future that was cancelled is done at once; the library says so a little later.
        if (!done || !await(() -> client.stats().outstanding() == 0)) {
            System.out.println("  round " + round + ": " + (MOST_OUTSTANDING - places.availablePermits()) + " futures pending, "
                    + client.stats());
            unsettled.increment();
            return;
        }
        ClientStats stats = client.stats();
        long ended = stats.completedOk() + stats.completedError() + stats.timedOut() + stats.cancelled();
        if (stats.submitted() != stats.delivered() || stats.submitted() != ended || stats.heldBytes() != 0 && !await(() -> client.stats().heldBytes() == 0)) {
            System.out.println("  round " + round + ": the library's own account does not balance: " + stats);
            unsettled.increment();
        }
    }

    private void sample() throws IOException {
        System.gc();
        System.gc();
        long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / 1024;
        samples.add(new long[] {heap, status("VmRSS"), status("Threads"), descriptors()});
    }

    private static long status(String field) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith(field + ":")) {
                return Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        throw new IOException("/proc/self/status lacks " + field);
    }

    private static long descriptors() {
        String[] names = Path.of("/proc/self/fd").toFile().list();
        return names == null ? 0 : names.length;
    }

    private void judge() {
        System.out.println("  resident KiB after each round: " + samples.stream().map(sample -> String.valueOf(sample[1])).collect(Collectors.joining(" ")));
        long never = 0;
        long often = 0;
        for (int i = 0; i < requests; i++) {
            never += completions.get(i) == 0 ? 1 : 0;
            often += completions.get(i) > 1 ? 1 : 0;
        }
        check("each of " + accepted.sum() + " futures completed once (never: " + never + ", more than once: " + often + ")",
                accepted.sum() == requests && never == 0 && often == 0);
        check("every round ended with nothing outstanding, nothing held and the library's account balanced", unsettled.sum() == 0);
        check("every failure was one of the documented ones", strangers.sum() == 0);
        flat(0, "heap after a full collection, KiB", HEAP_SLACK_KIB);
        flat(1, "resident memory, KiB", RESIDENT_SLACK_KIB);
        flat(2, "threads", THREAD_SLACK);
        flat(3, "descriptors", DESCRIPTOR_SLACK);
    }

    /** The median of the last quarter is no more than {@code slack} above that of the second. */
    private void flat(int column, String what, long slack) {
        if (samples.size() < ROUNDS) {
            check(what + ": too few samples", false);
            return;
        }
        long early = median(column, ROUNDS / 4, ROUNDS / 2);
        long late = median(column, ROUNDS * 3 / 4, ROUNDS);
        check(what + ": " + early + " in the second quarter, " + late + " in the last, " + slack + " more allowed",
                late <= early + slack);
    }

    private long median(int column, int from, int to) {
        long[] values = samples.subList(from, to).stream().mapToLong(sample -> sample[column]).toArray();
        Arrays.sort(values);
        return values[values.length / 2];
    }

    private void check(String what, boolean holds) {
        System.out.println((holds ? "ok   " : "FAIL ") + what);
        if (holds) {
            passed++;
        } else {
            failed++;
        }
    }
}
