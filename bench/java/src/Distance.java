import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Asks over a distance, for {@code bench/distance}: for each line on standard input, so many questions at once, and a line of figures. The
 * first time it makes its client before, on the clock. Ends when standard input does.
 */
final class Distance {
    private static final int DEADLINE_MS = 10_000;

    private final String name;
    private final String base = System.getenv("PAYNOW_API_BASE");
    private final Path authority = Path.of(System.getenv("BENCH_CA_FILE"));
    private Peer peer;
    private int asked;

    private Distance(String name) {
        this.name = name;
    }

    /** {@code PEER} */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Distance distance = new Distance(arguments[0]);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            System.out.println(distance.burst(Integer.parseInt(line.trim())));
            System.out.flush();
        }
        // What a peer keeps alive does not matter any more.
        Runtime.getRuntime().halt(0);
    }

    private Peer make() {
        return switch (name) {
            case "bridge" -> new BridgePeer(base, DEADLINE_MS, false, authority);
            case "jdk2" -> new JdkPeer(base, DEADLINE_MS, Trust.of(authority));
            case "okhttp2" -> new OkHttpPeer(base, DEADLINE_MS, Trust.of(authority));
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** The customers that the sandbox was filled with. */
    private UUID nextPlayer() {
        long n = asked++ % 2_000 + 1L;
        return new UUID(n << 32 | 0x4000, 0x8000_0000_0000_0000L | n);
    }

    private String burst(int count) throws InterruptedException {
        long[] times = new long[count];
        AtomicInteger answers = new AtomicInteger();
        AtomicInteger errors = new AtomicInteger();
        CountDownLatch all = new CountDownLatch(count);
        long from = System.nanoTime();
        if (peer == null) {
            peer = make();
        }
        for (int i = 0; i < count; i++) {
            peer.send(peer.prepare(nextPlayer()), (value, failure) -> {
                times[answers.getAndIncrement()] = System.nanoTime() - from;
                if (failure != null || !isCustomer(value)) {
                    errors.incrementAndGet();
                }
                all.countDown();
            });
        }
        all.await();
        Arrays.sort(times);
        return "first " + times[0] + " median " + times[(count - 1) / 2] + " last " + times[count - 1] + " errors " + errors.get();
    }

    private static boolean isCustomer(Object value) {
        return value instanceof Optional<?> found ? found.isPresent() : value instanceof Peer.ParsedCustomer customer && customer.id != null;
    }
}
