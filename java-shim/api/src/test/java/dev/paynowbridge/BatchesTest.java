package dev.paynowbridge;

import static dev.paynowbridge.Waiting.failure;
import static dev.paynowbridge.Waiting.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Walks through pages, and bulks of any size. */
class BatchesTest extends OnSandbox {
    private static final String NOTCH = "421621336637440000";
    private static final String MIRA = "440116992540673366";
    private static final int SEEDED = 24;
    /** More requests than any walk here may take. */
    private static final int PATIENCE = 100;

    private PayNowClient client;

    @BeforeEach
    void open() {
        client = builder().build();
    }

    @AfterEach
    void close() {
        client.close();
    }

    // --- pages ---

    private record Walked(List<String> ids, int asked) {}

    /** Walks to the end, or or as far as any real store goes. */
    private static Walked walk(CustomerPages pages) {
        List<String> ids = new ArrayList<>();
        int asked = 0;
        while (!pages.isOver() && asked < PATIENCE) {
            asked++;
            List<Customer> page = value(pages.next());
            page.forEach(customer -> ids.add(customer.id()));
            if (!page.isEmpty()) {
                long last = Long.parseLong(page.get(page.size() - 1).id());
                assertEquals(last, Long.parseLong(pages.cursor().orElseThrow()));
            }
        }
        assertTrue(pages.isOver(), "it does not end");
        assertEquals(List.of(), value(pages.next()), "over is over");
        return new Walked(ids, asked);
    }

    private static String page(String... ids) {
        List<String> customers = Arrays.stream(ids).map(id -> "{\\\"id\\\":\\\"" + id + "\\\"}").toList();
        return "{\"status\":200,\"body\":\"[" + String.join(",", customers) + "]\"}";
    }

    private Walked walkOver(int limit, String page) {
        sandbox.respond("list_customers", page);
        return walk(client.customerPages(CustomerQuery.all().limit(limit)));
    }

    @Test
    void aWalkMeetsEveryCustomerOnce() {
        CustomerQuery five = CustomerQuery.all().limit(5);
        List<String> rising = walk(client.customerPages(five)).ids();
        assertEquals(SEEDED, rising.size());
        assertEquals(NOTCH, rising.get(0));
        assertEquals(rising, rising.stream().sorted().distinct().toList());
        assertEquals(new Walked(rising, 5), walk(client.customerPages(five.ascending(true))));
        List<String> falling = new ArrayList<>(rising);
        Collections.reverse(falling);
        assertEquals(new Walked(falling, 5), walk(client.customerPages(five.ascending(false))));
        assertEquals(new Walked(rising, 5), walk(client.customerPages(CustomerQuery.all().limit(6))), "the last page is empty");
        assertEquals(new Walked(rising, 1), walk(client.customerPages(CustomerQuery.all())));
        assertTrue(sandbox.lastAsked().contains("limit=100"));
    }

    @Test
    void aWalkCanSearchAndBeginAnywhere() {
        assertEquals(2, walk(client.customerPages(CustomerQuery.all().limit(1).search("mhf_"))).ids().size());
        CustomerPages first = client.customerPages(CustomerQuery.all().limit(7));
        assertEquals(Optional.empty(), first.cursor());
        assertEquals(3, client.stats().submitted(), "nothing is sent before it is asked for");
        value(first.next());
        String cursor = first.cursor().orElseThrow();
        CustomerPages second = client.customerPages(CustomerQuery.all().after(cursor));
        assertEquals(Optional.of(cursor), second.cursor());
        assertEquals(SEEDED - 7, walk(second).ids().size());
        assertTrue(sandbox.lastAsked().contains("after=" + cursor));
        assertEquals(13, walk(client.customerPages(CustomerQuery.all().after(MIRA))).ids().size());
    }

    @Test
    void dishonestPagesEndTheWalk() {
        assertEquals(new Walked(List.of("11", "12", "13"), 2), walkOver(3, page("11", "12", "13")), "the same again and again");
        assertEquals(new Walked(List.of(), 1), walkOver(3, page()));
        assertEquals(new Walked(List.of("11"), 1), walkOver(3, page("11")));
        assertEquals(List.of("11", "12", "13", "14", "15"), walkOver(3, page("11", "12", "13", "14", "15")).ids(), "too many");
        assertEquals(new Walked(List.of("13"), 1), walkOver(3, page("13", "12", "11")), "out of order");
        assertEquals(List.of("11"), walkOver(3, page("11", "11", "11")).ids());
        for (String none : List.of("0", "9223372036854775808", "18446744073709551615")) {
            assertEquals(new Walked(List.of(), 1), walkOver(1, page(none)), none);
        }
        assertEquals(List.of("9223372036854775807"), walkOver(1, page("9223372036854775807")).ids(), "the largest there is");
    }

    @Test
    void aPageWhoseIdsAreNotDigitsIsRefused() {
        for (String none : List.of("x", "🔥", "-1", "1.5")) {
            sandbox.respond("list_customers", page("11", none));
            failure(PayNowException.InvalidResponse.class, client.customerPages(CustomerQuery.all()).next());
        }
    }

    @Test
    void aHugePageIsTakenWhole() {
        List<String> ids = IntStream.rangeClosed(1, 20_000).mapToObj(Integer::toString).toList();
        assertEquals(new Walked(ids, 2), walkOver(100, page(ids.toArray(String[]::new))));
    }

    @Test
    void aPageThatHoldsItsCursorIsReadBehindIt() {
        sandbox.faults("{\"rules\":["
                + "{\"target_contains\":\"after=13\",\"respond\":" + page("13", "14", "15") + "},"
                + "{\"target_contains\":\"after=15\",\"respond\":" + page("15") + "},"
                + "{\"respond\":" + page("11", "12", "13") + "}]}");
        assertEquals(
                new Walked(List.of("11", "12", "13", "14", "15"), 3),
                walk(client.customerPages(CustomerQuery.all().limit(3))));
    }

    @Test
    void aPageThatFailedIsAskedForAgain() {
        sandbox.faults("{\"rules\":[{\"times\":1,\"delay_ms\":0},{\"times\":1,\"respond\":{\"status\":403}},"
                + "{\"times\":1,\"respond\":{\"status\":200,\"body\":\"[{}\"}}]}");
        CustomerPages pages = client.customerPages(CustomerQuery.all().limit(10));
        assertEquals(10, value(pages.next()).size());
        Optional<String> cursor = pages.cursor();
        failure(PayNowException.Api.class, pages.next());
        failure(PayNowException.InvalidResponse.class, pages.next());
        assertEquals(cursor, pages.cursor());
        assertFalse(pages.isOver());
        assertEquals(SEEDED - 10, walk(pages).ids().size());
    }

    @Test
    void aPageThatWasGivenUpIsNotPassedOver() {
        CustomerPages pages = client.customerPages(CustomerQuery.all().limit(10));
        sandbox.faults("{\"hang\":true}");
        PayNowFuture<List<Customer>> pending = pages.next();
        assertTrue(assertThrows(IllegalStateException.class, pages::next).getMessage().contains("pending"));
        assertFalse(pages.isOver());
        pending.cancel(true);
        Waiting.until(() -> client.stats().cancelled() == 1, "the library is told");
        PayNowFuture<List<Customer>> replaced = pages.next();
        replaced.complete(List.of());
        assertFalse(pages.isOver());
        assertEquals(Optional.empty(), pages.cursor());
        sandbox.reset();

        // It comes, and completes nothing: the tick runs only when the host has given it up.
        TickExecutor tick = new TickExecutor();
        CustomerPages onTick = client.on(tick).customerPages(CustomerQuery.all().limit(10));
        PayNowFuture<List<Customer>> late = onTick.next();
        Waiting.until(() -> !tick.isEmpty(), "the page waits for the tick");
        late.cancel(false);
        tick.drain(Duration.ofSeconds(10));
        assertEquals(Optional.empty(), onTick.cursor(), "a page that was not received is not behind the walk");
        PayNowFuture<List<Customer>> again = onTick.next();
        Waiting.until(() -> !tick.isEmpty(), "the page waits for the tick");
        Thread[] ran = new Thread[1];
        again.thenAccept(page -> ran[0] = Thread.currentThread());
        tick.drain(Duration.ofSeconds(10));
        assertSame(Thread.currentThread(), ran[0]);
        assertEquals(NOTCH, again.join().get(0).id());
        tick.close();
        assertEquals(SEEDED, walk(pages).ids().size());
    }

    @Test
    void closingEndsAWalk() {
        CustomerPages pages = client.customerPages(CustomerQuery.all().limit(10));
        value(pages.next());
        sandbox.faults("{\"hang\":true}");
        PayNowFuture<?> pending = pages.next();
        client.close();
        failure(PayNowException.Closed.class, pending);
        failure(PayNowException.Closed.class, pages.next());
        assertFalse(pages.isOver());
    }

    @Test
    void walksThatCannotBeAreRefusedByName() {
        Map<String, Supplier<CustomerQuery>> bad = Map.of(
                "limit", () -> CustomerQuery.all().limit(101),
                "after", () -> CustomerQuery.all().after("x"),
                "search", () -> CustomerQuery.all().search("\ud83d"),
                "before", () -> CustomerQuery.all().before(MIRA));
        bad.forEach((name, query) -> {
            IllegalArgumentException refused = assertThrows(
                    IllegalArgumentException.class, () -> client.customerPages(query.get()).next());
            assertTrue(refused.getMessage().startsWith(name + " "), refused.getMessage());
        });
        assertThrows(IllegalArgumentException.class, () -> client.customerPages(CustomerQuery.all().limit(0)).next());
        assertThrows(IllegalArgumentException.class, () -> client.customerPages(null));
        assertEquals(0, client.stats().submitted());
    }

    // --- bulks ---

    private static CustomerFields number(int i) {
        return CustomerFields.builder()
                .minecraftUuid(new UUID(0x4000L | 1L << 32, 0x8000000000000000L | i))
                .minecraftPlatform(MinecraftPlatform.JAVA)
                .metadata(Map.of("number", Integer.toString(i)))
                .build();
    }

    private static List<CustomerFields> numbers(int count) {
        return IntStream.range(0, count).mapToObj(BatchesTest::number).toList();
    }

    private static List<Integer> firsts(List<BulkChunk> chunks) {
        return chunks.stream().map(BulkChunk::first).toList();
    }

    /** Each outcome is at its place, and each customer that was created is the one that was wanted there. */
    private static void checkPlaces(BulkReport report, int size) {
        assertEquals(size, report.outcomes().size());
        for (int i = 0; i < size; i++) {
            BulkOutcome outcome = report.outcomes().get(i);
            assertEquals(i, outcome.index());
            assertEquals(outcome.state() == BulkOutcome.State.CREATED, outcome.customer().isPresent());
            String number = Integer.toString(i);
            outcome.customer().ifPresent(customer -> assertEquals(number, customer.metadata().get("number")));
        }
        int at = 0;
        for (BulkChunk chunk : report.chunks()) {
            assertEquals(at, chunk.first());
            assertEquals(report.outcomes().subList(at, at + chunk.outcomes().size()), chunk.outcomes());
            at += chunk.outcomes().size();
        }
    }

    private static void counts(int created, int failed, int unknown, BulkReport report) {
        assertEquals(
                List.of(created, failed, unknown),
                Arrays.stream(BulkOutcome.State.values()).map(report::count).toList(), report.toString());
    }

    @Test
    void aBulkOfAnySizeIsCreated() {
        int[] sizes = {0, 1, 200, 201, 450};
        List<List<Integer>> expected =
                List.of(List.of(), List.of(0), List.of(0), List.of(0, 200), List.of(0, 200, 400));
        for (int i = 0; i < sizes.length; i++) {
            sandbox.reset();
            List<BulkChunk> told = new ArrayList<>();
            BulkReport report = value(client.bulkCreateCustomers(numbers(sizes[i]), told::add));
            checkPlaces(report, sizes[i]);
            counts(sizes[i], 0, 0, report);
            assertEquals(expected.get(i), firsts(report.chunks()));
            assertEquals(report.chunks(), told);
            assertEquals(SEEDED + sizes[i], walk(client.customerPages(CustomerQuery.all())).ids().size());
        }
    }

    @Test
    void aChunkThatFailsIsToldApartFromTheOthers() {
        List<CustomerFields> wanted = numbers(450);
        // Surely not created.
        sandbox.faults("{\"rules\":[{\"operation\":\"bulk_create_customers\",\"times\":1,\"delay_ms\":0},"
                + "{\"operation\":\"bulk_create_customers\",\"times\":1,\"respond\":{\"status\":403,\"body\":\"{\\\"status\\\":403,\\\"code\\\":\\\"forbidden\\\"}\"}}]}");
        BulkReport refused = value(client.bulkCreateCustomers(wanted, chunk -> {}));
        checkPlaces(refused, 450);
        counts(250, 200, 0, refused);
        assertEquals(200, refused.chunks().get(1).count(BulkOutcome.State.FAILED));
        assertEquals(Status.FORBIDDEN,
                assertInstanceOf(PayNowException.Api.class, refused.chunks().get(1).failure().orElseThrow()).status());
        assertEquals(Optional.empty(), refused.chunks().get(2).failure());
        assertEquals(250 + SEEDED, walk(client.customerPages(CustomerQuery.all())).ids().size(), "it is true");

        // Done, and the answer is lost.
        sandbox.reset();
        sandbox.faults("{\"rules\":[{\"operation\":\"bulk_create_customers\",\"times\":1,\"delay_ms\":0},"
                + "{\"operation\":\"bulk_create_customers\",\"times\":1,\"after_effect\":true,\"reset\":true}]}");
        BulkReport lost = value(client.bulkCreateCustomers(wanted, chunk -> {}));
        checkPlaces(lost, 450);
        counts(250, 0, 200, lost);
        assertEquals(Sent.MAYBE, ((PayNowException) lost.chunks().get(1).failure().orElseThrow()).sent());
        assertEquals(450 + SEEDED, walk(client.customerPages(CustomerQuery.all())).ids().size(), "unknown is right");
    }

    @Test
    void whatTheAnswerDoesNotTellIsUnknown() {
        sandbox.respond("bulk_create_customers",
                "{\"status\":201,\"body\":\"[{\\\"id\\\":\\\"3\\\",\\\"name\\\":\\\"twin\\\"},{\\\"id\\\":\\\"2\\\",\\\"name\\\":\\\"one\\\"},"
                        + "{\\\"id\\\":\\\"1\\\",\\\"steam_id\\\":\\\"76561198000000001\\\"},{\\\"id\\\":\\\"4\\\",\\\"xbox_xuid\\\":2535432196048835}]\"}");
        BulkReport report = value(client.bulkCreateCustomers(
                List.of(
                        CustomerFields.builder().steamId("76561198000000001").metadata(Map.of("a", "b")).build(),
                        CustomerFields.builder().name("twin").build(),
                        CustomerFields.builder().name("twin").build(),
                        CustomerFields.builder().name("one").build(),
                        CustomerFields.builder().name("missing").build(),
                        CustomerFields.builder().clearName().xboxXuid("2535432196048835").build(),
                        CustomerFields.builder().build()),
                chunk -> {}));
        List<Optional<String>> ids =
                report.outcomes().stream().map(outcome -> outcome.customer().map(Customer::id)).toList();
        Optional<String> none = Optional.empty();
        assertEquals(
                List.of(Optional.of("1"), none, none, Optional.of("2"), none, Optional.of("4"), none), ids);
        counts(3, 0, 4, report);

        // An answer that is none tells nothing.
        sandbox.respond("bulk_create_customers", "{\"status\":201,\"body\":\"[{]\"}");
        counts(0, 0, 3, value(client.bulkCreateCustomers(numbers(3), chunk -> {})));
    }

    @Test
    void cancellingInTheMiddleSendsNoMore() {
        sandbox.faults("{\"rules\":[{\"operation\":\"bulk_create_customers\",\"times\":1,\"delay_ms\":0},"
                + "{\"operation\":\"bulk_create_customers\",\"hang\":true}]}");
        List<BulkChunk> told = Collections.synchronizedList(new ArrayList<>());
        PayNowFuture<BulkReport> report = client.bulkCreateCustomers(numbers(450), told::add);
        Waiting.until(() -> client.stats().submitted() == 2 && sandbox.stats().contains("bulk"),
                "the second request is under way");
        Waiting.until(() -> told.size() == 1, "the first is reported");
        report.cancel(true);
        assertThrows(CancellationException.class, report::join);
        Waiting.until(() -> told.size() == 2, "what became of the second is told");
        assertEquals(Status.CANCELLED, ((PayNowException) told.get(1).failure().orElseThrow()).status());
        assertEquals(0, told.get(1).count(BulkOutcome.State.CREATED));
        assertEquals(2, client.stats().submitted(), "the third was never sent");
        assertEquals(0, client.stats().outstanding());
    }

    @Test
    void cancellingByTagReportsTheRest() {
        sandbox.faults("{\"rules\":[{\"operation\":\"bulk_create_customers\",\"times\":1,\"delay_ms\":0},"
                + "{\"operation\":\"bulk_create_customers\",\"hang\":true}]}");
        List<BulkChunk> told = Collections.synchronizedList(new ArrayList<>());
        PayNowFuture<BulkReport> pending = client.tag("shop").bulkCreateCustomers(numbers(650), told::add);
        Waiting.until(() -> sandbox.log().split("customers/bulk").length > 2, "the second was sent");
        assertEquals(1, client.cancelAll("shop"));
        BulkReport report = value(pending);
        checkPlaces(report, 650);
        counts(200, 250, 200, report);
        assertEquals(List.of(0, 200), firsts(report.chunks()));
        assertEquals(told, report.chunks());
    }

    @Test
    void closingInTheMiddleReportsTheRest() {
        sandbox.faults("{\"rules\":[{\"operation\":\"bulk_create_customers\",\"times\":1,\"delay_ms\":0},"
                + "{\"operation\":\"bulk_create_customers\",\"hang\":true}]}");
        TickExecutor tick = new TickExecutor();
        PayNowFuture<BulkReport> pending = client.on(tick).bulkCreateCustomers(numbers(450), chunk -> {});
        Waiting.until(() -> {
            tick.drain(Duration.ofSeconds(10));
            return sandbox.log().split("customers/bulk").length > 2;
        }, "the second was sent");
        // No tick comes any more.
        client.close();
        assertTrue(pending.isDone());
        BulkReport report = pending.join();
        checkPlaces(report, 450);
        counts(200, 50, 200, report);
        assertInstanceOf(PayNowException.Closed.class, report.chunks().get(1).failure().orElseThrow());
        counts(0, 3, 0, value(client.bulkCreateCustomers(numbers(3), chunk -> {})));
        tick.close();
    }

    @Test
    void aRefusedRequestEndsABulk() {
        sandbox.faults("{\"hang\":true}");
        try (PayNowClient narrow = builder().maxOutstanding(1).build()) {
            narrow.lookupCustomer(new UUID(1, 1));
            BulkReport report = value(narrow.bulkCreateCustomers(numbers(450), chunk -> {}));
            counts(0, 450, 0, report);
            assertEquals(List.of(0), firsts(report.chunks()));
            assertInstanceOf(PayNowException.QueueFull.class, report.chunks().get(0).failure().orElseThrow());
        }
        try (PayNowClient keyless = keyless().build()) {
            BulkReport report = value(keyless.bulkCreateCustomers(numbers(1), chunk -> {}));
            assertInstanceOf(PayNowException.MissingApiKey.class, report.chunks().get(0).failure().orElseThrow());
        }
    }

    @Test
    void aBulkThatCannotBeIsRefusedBeforeAnythingIsSent() {
        List<CustomerFields> wanted = new ArrayList<>(numbers(450));
        wanted.set(321, CustomerFields.builder().steamId("x").build());
        List<BulkChunk> told = new ArrayList<>();
        IllegalArgumentException refused = assertThrows(
                IllegalArgumentException.class, () -> client.bulkCreateCustomers(wanted, told::add));
        assertTrue(refused.getMessage().startsWith("customers[321].steamId "), refused.getMessage());
        wanted.set(321, null);
        assertTrue(assertThrows(IllegalArgumentException.class, () -> client.bulkCreateCustomers(wanted, told::add))
                .getMessage().startsWith("customers[321] "));
        // Each fits into a request, but two hundred do not.
        CustomerFields large = CustomerFields.builder().name("large").metadata(Map.of("a", "x".repeat(60_000))).build();
        refused = assertThrows(
                IllegalArgumentException.class,
                () -> client.bulkCreateCustomers(Collections.nCopies(201, large), told::add));
        assertTrue(refused.getMessage().matches("customers\\[\\d+\\]\\.metadata .*8 MiB"), refused.getMessage());
        assertThrows(IllegalArgumentException.class, () -> client.bulkCreateCustomers(null, told::add));
        assertThrows(IllegalArgumentException.class, () -> client.bulkCreateCustomers(numbers(1), null));
        assertEquals(0, client.stats().submitted());
        assertEquals(List.of(), told);
    }

    @Test
    void progressComesWhereTheHostWantsIt() {
        TickExecutor tick = new TickExecutor();
        List<CustomerFields> wanted = new ArrayList<>(numbers(450));
        HashSet<Thread> threads = new HashSet<>();
        List<Throwable> uncaught = new ArrayList<>();
        Thread thread = Thread.currentThread();
        Thread.UncaughtExceptionHandler before = thread.getUncaughtExceptionHandler();
        thread.setUncaughtExceptionHandler((where, what) -> uncaught.add(what));
        PayNowFuture<BulkReport> pending = client.on(tick).bulkCreateCustomers(wanted, chunk -> {
            threads.add(Thread.currentThread());
            throw new IllegalStateException("a test wants it");
        });
        wanted.clear();
        Waiting.until(() -> {
            tick.drain(Duration.ofSeconds(10));
            return pending.isDone();
        }, "each tick takes a request further");
        thread.setUncaughtExceptionHandler(before);
        counts(450, 0, 0, pending.join());
        assertEquals(java.util.Set.of(thread), threads);
        assertEquals(3, uncaught.size(), "progress that fails does not end a bulk");
        tick.close();

        List<Boolean> mayWait = new ArrayList<>();
        sandbox.reset();
        value(client.bulkCreateCustomers(numbers(1), chunk -> mayWait.add(
                Thread.currentThread().getName().equals("paynow-bridge completions"))));
        assertEquals(List.of(true), mayWait);
    }
}
