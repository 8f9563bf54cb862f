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
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** What hosts attach, how they wait, and what goes wrong in their code. */
class HandlersTest extends OnSandbox {
    private static final UUID NOTCH = UUID.fromString("069a79f4-44e9-4726-a5be-fca90e38aaf5");

    private final List<String> told = Collections.synchronizedList(new ArrayList<>());

    private PayNowClient listening() {
        return builder().handlerFailures((owner, handler, failure) -> {
            told.add(owner + ": " + failure.getMessage());
            throw new AssertionError("a test wants it");
        }).build();
    }

    private static void fails() {
        throw new IllegalStateException("a test wants it");
    }

    @Test
    void whatEachKindOfHandlerThrowsIsTold() {
        List<Function<PayNowFuture<?>, CompletableFuture<?>>> kinds = List.of(
                f -> f.thenApply(x -> { fails(); return x; }),
                f -> f.thenAccept(x -> fails()),
                f -> f.thenRun(HandlersTest::fails),
                f -> f.thenCompose(x -> { fails(); return null; }),
                f -> f.handle((x, e) -> { fails(); return x; }),
                f -> f.whenComplete((x, e) -> fails()),
                f -> f.thenCombine(CompletableFuture.completedFuture(1), (x, y) -> { fails(); return x; }),
                f -> f.thenAcceptBoth(CompletableFuture.completedFuture(1), (x, y) -> fails()),
                f -> f.thenAcceptAsync(x -> fails()),
                f -> f.thenRunAsync(HandlersTest::fails, Runnable::run),
                f -> f.thenApply(x -> x).thenApply(x -> x).thenAccept(x -> fails()));
        try (PayNowClient client = listening()) {
            for (Function<PayNowFuture<?>, CompletableFuture<?>> kind : kinds) {
                told.clear();
                CompletableFuture<?> stage = kind.apply(client.tag("Shop").lookupCustomer(NOTCH));
                assertInstanceOf(IllegalStateException.class, assertThrows(ExecutionException.class, stage::get).getCause());
                assertEquals(List.of("Shop: a test wants it"), told);
            }
        }
    }

    @Test
    void whatIsHandedOnIsNotTold() {
        sandbox.respond("*", "{\"status\":403,\"body\":\"{\\\"code\\\":\\\"forbidden\\\"}\"}");
        try (PayNowClient client = listening()) {
            CompletableFuture<?> handed = client.lookupCustomer(NOTCH)
                    .thenApply(found -> found)
                    .exceptionally(failure -> {
                        throw new CompletionException(failure);
                    });
            assertInstanceOf(
                    PayNowException.Api.class,
                    PayNowException.unwrap(assertThrows(ExecutionException.class, handed::get)));
            CompletableFuture<?> recovered = client.lookupCustomer(NOTCH).thenApply(found -> 1).exceptionally(failure -> {
                assertInstanceOf(PayNowException.Api.class, PayNowException.unwrap(failure));
                return 2;
            });
            assertEquals(2, value(recovered));
            assertEquals(List.of(), told);
        }
    }

    @Test
    void withoutASinkTheLogHasIt() {
        try (PayNowClient client = builder().log((level, line) -> told.add(level + " " + line)).build()) {
            CompletableFuture<?> stage = client.tag("Shop").lookupCustomer(NOTCH).thenAccept(found -> fails());
            Waiting.until(stage::isDone, "the handler ran");
            assertTrue(told.toString().contains("WARN A handler of Shop failed: java.lang.IllegalStateException"), told.toString());
        }
    }

    @Test
    void errorsOfTheHostLoseNothing() {
        sandbox.respond("*", "{\"status\":500,\"body\":\"{}\"}");
        try (PayNowClient client = builder().maxAttempts(1).circuitThreshold(1).log((level, line) -> {
            throw new StackOverflowError("a test wants it");
        }).build()) {
            failure(PayNowException.class, client.lookupCustomer(NOTCH));
            Executor broken = task -> {
                throw new NoClassDefFoundError("a test wants it");
            };
            for (int i = 0; i < 50; i++) {
                failure(PayNowException.class, client.on(broken).lookupCustomer(UUID.randomUUID()));
                failure(PayNowException.class, client.lookupCustomer(UUID.randomUUID()));
            }
            assertFalse(client.isClosed());
        }
    }

    @Test
    void anErrorWhileAnAnswerIsReadCompletesTheFuture() {
        try (PayNowClient client = builder().build()) {
            PayNowFuture<?> page = client.nextPage(CustomerQuery.all(), null, customers -> {
                throw new OutOfMemoryError("a test wants it");
            });
            PayNowException.Internal failure = failure(PayNowException.Internal.class, page);
            assertInstanceOf(OutOfMemoryError.class, failure.getCause());
            assertTrue(value(client.lookupCustomer(NOTCH)).isPresent());
        }
    }

    @Test
    void closingSettlesEveryFutureWhateverTheirHandlersThrow() {
        sandbox.hang();
        PayNowClient client = listening();
        Executor never = task -> {};
        List<PayNowFuture<?>> all = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            PayNowFuture<?> future = client.on(never).lookupCustomer(UUID.randomUUID());
            future.whenComplete((found, failure) -> {
                throw new StackOverflowError("a test wants it");
            });
            all.add(future);
        }
        client.close();
        all.forEach(future -> failure(PayNowException.Closed.class, future));
    }

    @Test
    void tagsAddUp() {
        sandbox.hang();
        UUID player = UUID.randomUUID();
        try (PayNowClient client = builder().build()) {
            PayNowOperations both = client.tag(player).tag("Shop").tag("Shop");
            PayNowFuture<?> first = both.lookupCustomer(UUID.randomUUID());
            assertEquals(1, client.cancelAll("Shop"));
            failure(PayNowException.Cancelled.class, first);
            PayNowFuture<?> second = both.lookupCustomer(UUID.randomUUID());
            PayNowFuture<?> others = client.tag("Other").lookupCustomer(UUID.randomUUID());
            assertEquals(0, client.cancelAll("Shop2"));
            assertEquals(1, client.cancelAll(player));
            failure(PayNowException.Cancelled.class, second);
            assertFalse(others.isDone());
            PayNowOperations many = client;
            for (int i = 0; i < 8; i++) {
                many = many.tag("plugin " + i);
            }
            PayNowOperations most = many;
            assertThrows(IllegalArgumentException.class, () -> most.tag("one more"));
        }
    }

    @Test
    void aMarkTellsTheCallsOfTwoSessionsApart() {
        sandbox.hang();
        UUID player = UUID.randomUUID();
        try (PayNowClient client = builder().build()) {
            PayNowFuture<?> old = client.tag(player).lookupCustomer(UUID.randomUUID());
            PayNowFuture<?> oldByPlugin = client.tag("Shop").tag(player).lookupCustomer(UUID.randomUUID());
            CallMark login = CallMark.now();
            PayNowFuture<?> fresh = client.tag(player).lookupCustomer(UUID.randomUUID());
            assertEquals(2, client.cancelAll(player, login));
            failure(PayNowException.Cancelled.class, old);
            failure(PayNowException.Cancelled.class, oldByPlugin);
            assertFalse(fresh.isDone());
            assertEquals(1, client.cancelAll(player));
        }
    }

    @Test
    void aServiceCannotBeClosedAndGoesOnWithAnotherClient() {
        assertFalse(AutoCloseable.class.isAssignableFrom(PayNowService.class));
        PayNowService.Owner owner = new PayNowService.Owner();
        PayNowService service = owner.service();
        PayNowOperations kept = service.tag("Shop").deadline(Duration.ofSeconds(20));
        PayNowException.Closed failure = failure(PayNowException.Closed.class, kept.lookupCustomer(NOTCH));
        assertEquals("PayNow is not connected: it was not set up yet", failure.getMessage());
        failure(PayNowException.Closed.class, kept.bulkCreateCustomers(List.of(), chunk -> {}));
        assertTrue(service.peek(NOTCH).isEmpty());
        assertEquals(0, service.cancelAll("Shop") + service.cancelAll(NOTCH));
        assertTrue(service.stats().isEmpty() && service.metrics().isEmpty() && service.dump().isEmpty());
        PayNowClient first = builder().build();
        try (PayNowClient second = builder().build()) {
            owner.use(first);
            assertTrue(service.isConnected());
            assertTrue(value(kept.lookupCustomer(NOTCH)).isPresent());
            assertEquals(1, first.stats().submitted());
            owner.use(second);
            first.close();
            assertTrue(value(kept.lookupCustomer(NOTCH)).isPresent());
            assertEquals(1, service.stats().orElseThrow().submitted());
            assertTrue(service.metrics().orElseThrow().contains("\npaynow_requests_submitted_total 1\n"));
            assertTrue(service.dump().orElseThrow().startsWith("{\"paynow_dump\":1,"));
            owner.drop("the plugin is disabled");
            assertFalse(service.isConnected());
            failure(PayNowException.Closed.class, kept.lookupCustomer(NOTCH));
        }
        assertSame(service, owner.service());
    }

    @Test
    void theHostSaysWhichThreadsTick() {
        sandbox.hang();
        Thread main = Thread.currentThread();
        try (PayNowClient client = builder().tickThreads(() -> Thread.currentThread() == main).build();
                PayNowClient silent = builder().tickThreads(() -> {
                    throw new IllegalStateException("a test wants it");
                }).deadline(Duration.ofMillis(50)).build()) {
            CompletableFuture<?> stage = client.lookupCustomer(NOTCH).thenApply(found -> found);
            assertTrue(assertThrows(IllegalStateException.class, stage::join).getMessage().contains("freeze"));
            assertThrows(IllegalStateException.class, stage::get);
            assertInstanceOf(
                    PayNowException.Timeout.class,
                    assertThrows(CompletionException.class, silent.lookupCustomer(NOTCH)::join).getCause());
        }
    }

    @Test
    void waitingForAnExecutorThatIsThisThreadEnds() {
        Queue<Runnable> scheduler = new ArrayDeque<>();
        Executor main = task -> {
            synchronized (scheduler) {
                scheduler.add(task);
            }
        };
        try (PayNowClient client = builder().deadline(Duration.ofMillis(200)).build()) {
            PayNowFuture<?> future = client.on(main).lookupCustomer(NOTCH);
            for (CompletableFuture<?> stage : List.of(future, future.thenApply(found -> found))) {
                assertTrue(assertThrows(IllegalStateException.class, stage::join).getMessage().contains("executor"));
            }
            assertTrue(assertThrows(IllegalStateException.class, future::get).getMessage().contains("executor"));
            Waiting.until(() -> {
                synchronized (scheduler) {
                    return !scheduler.isEmpty();
                }
            }, "the answer waits");
            assertFalse(future.isDone(), "nothing of the host's ran on another thread");
            scheduler.forEach(Runnable::run);
            assertTrue(future.isDone());
        }
    }

    @Test
    void cancellationsAreKnownHoweverTheyComeWrapped() {
        sandbox.hang();
        try (PayNowClient client = builder().build()) {
            PayNowFuture<?> tagged = client.tag("Shop").lookupCustomer(NOTCH);
            CompletableFuture<Boolean> wrapped = tagged.thenApply(found -> false).exceptionally(PayNowException::isCancellation);
            client.cancelAll("Shop");
            assertTrue(value(wrapped));
            PayNowFuture<?> single = client.lookupCustomer(NOTCH);
            CompletableFuture<Boolean> own = single.thenApply(found -> false).exceptionally(PayNowException::isCancellation);
            single.cancel(false);
            assertTrue(value(own));
            assertFalse(PayNowException.isCancellation(null));
            assertFalse(PayNowException.isCancellation(new IllegalStateException()));
        }
    }
}
