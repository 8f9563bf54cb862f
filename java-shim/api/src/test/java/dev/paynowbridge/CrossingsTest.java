package dev.paynowbridge;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.paynowbridge.internal.Native;
import dev.paynowbridge.sandbox.Crossings;
import dev.paynowbridge.sandbox.Sandbox;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is made of several requests enters the library once for each of them, and its data once. */
class CrossingsTest extends OnSandbox {
    private static final Path CLASSES = Path.of(System.getProperty("paynow.test.classes"));

    @TempDir
    Path folder;

    /** Runs where crossings are counted: given a word, does what it stands for. */
    public static final class Inside implements Function<String, String> {
        private final PayNowClient client;

        /** Makes the client. */
        public Inside(String base, String key) {
            client = PayNowClient.builder(Sandbox.STORE).apiBase(base).apiKey(key).proxy("").build();
        }

        @Override
        public String apply(String word) {
            try (client) {
                return switch (word) {
                    case "walk" -> walk();
                    case "ticks" -> ticks();
                    case "service" -> ticksOfAService();
                    case "bulk" -> client.bulkCreateCustomers(numbers(450), chunk -> {}).get().toString();
                    default -> stopBetweenPieces();
                };
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }

        private String walk() throws Exception {
            int met = 0;
            CustomerPages pages = client.customerPages(CustomerQuery.all().limit(5));
            while (!pages.isOver()) {
                met += pages.next().get().size();
            }
            return met + " customers";
        }

        private String stopBetweenPieces() {
            TickExecutor tick = new TickExecutor();
            List<PayNowFuture<?>> report = new ArrayList<>();
            // Not on the executor itself, or how often it is drained would count.
            report.add(client.on(tick::execute).bulkCreateCustomers(numbers(450), chunk -> report.get(0).cancel(false)));
            Waiting.until(() -> {
                tick.drain(Duration.ofSeconds(10));
                return report.get(0).isDone();
            }, "the first piece is told of");
            return client.stats().outstanding() + " outstanding";
        }

        private String ticks() {
            TickExecutor tick = new TickExecutor();
            tick.drain(Duration.ZERO);
            List<PayNowOperations> views = List.of(client.on(tick), client.inBackground().on(tick), client.on(Runnable::run));
            for (PayNowOperations view : views) {
                tick.drain(Duration.ZERO);
                view.tag("plugin");
            }
            client.tick();
            return "one drain before, " + views.size() + " after";
        }

        private String ticksOfAService() {
            TickExecutor tick = new TickExecutor();
            PayNowService.Owner owner = new PayNowService.Owner();
            PayNowOperations view = owner.service().on(tick);
            tick.drain(Duration.ZERO);
            owner.use(client);
            tick.drain(Duration.ZERO);
            owner.drop("it is over");
            tick.drain(Duration.ZERO);
            return "one drain while " + (view.client() == null ? "it had" : "it has") + " a client";
        }

        private static List<CustomerFields> numbers(int count) {
            return IntStream.range(0, count)
                    .mapToObj(i -> CustomerFields.builder()
                            .minecraftUuid(new UUID(0x4000L | 1L << 32, 0x8000000000000000L | i))
                            .metadata(Map.of("number", Integer.toString(i)))
                            .build())
                    .toList();
        }
    }

    @BeforeAll
    static void loadTheLibrary() {
        builder().build().close();
    }

    @SuppressWarnings("unchecked")
    private String crossing(String word) throws Exception {
        try (Crossings crossings = new Crossings(Native.class, folder, CLASSES, CLASSES.resolveSibling("test-classes"))) {
            var made = crossings.load(Inside.class.getName()).getConstructor(String.class, String.class);
            String said = ((Function<String, String>) made.newInstance(sandbox.base(), Sandbox.KEY)).apply(word);
            return said + ": " + crossings.counted();
        }
    }

    @Test
    void aWalkCrossesOnceForEachPage() throws Exception {
        assertEquals("24 customers: {nextPage=5}", crossing("walk"));
    }

    @Test
    void aBulkCrossesOnceForEachPieceAndItsCustomersOnce() throws Exception {
        assertEquals(
                "BulkReport[created=450, failed=0, unknown=0, chunks=3]: {goOnBulk=2, startBulk=1, startBulk texts=1350}",
                crossing("bulk"));
    }

    @Test
    void aBulkThatIsStoppedLeavesNothingBehind() throws Exception {
        assertEquals(
                "0 outstanding: {endBulk=1, startBulk=1, startBulk texts=1350, stats=1}", crossing("stop"));
    }

    @Test
    void aDrainIsATickOfEachClientWhoseFuturesCompleteThere() throws Exception {
        assertEquals("one drain before, 3 after: {tick=4}", crossing("ticks"));
    }

    @Test
    void aDrainIsATickOfTheClientThatAServiceHasByThen() throws Exception {
        assertEquals("one drain while it had a client: {tick=1}", crossing("service"));
    }
}
