package dev.paynowbridge;

import static dev.paynowbridge.Waiting.failure;
import static dev.paynowbridge.Waiting.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Threads, cancelling, closing: what futures promise. */
class FuturesTest extends OnSandbox {
    private static final UUID NOTCH = UUID.fromString("069a79f4-44e9-4726-a5be-fca90e38aaf5");

    @Test
    void cancellingReachesTheLibrary() {
        sandbox.hang();
        try (PayNowClient client = builder().build()) {
            PayNowFuture<?> future = client.lookupCustomer(NOTCH);
            assertTrue(future.cancel(true));
            assertTrue(future.isCancelled());
            assertThrows(CancellationException.class, future::join);
            Waiting.until(() -> client.stats().cancelled() == 1, "the request is cancelled");
            Waiting.until(() -> client.stats().outstanding() == 0, "its place is free");
            assertTrue(future.cancel(true), "cancelling again changes nothing");
            assertEquals(1, client.stats().cancelled());

            PayNowFuture<?> late = client.lookupCustomer(NOTCH);
            late.orTimeout(1, TimeUnit.MILLISECONDS);
            assertThrows(ExecutionException.class, () -> late.get(1, TimeUnit.MINUTES));
            Waiting.until(() -> client.stats().cancelled() == 2, "what timed out in Java is cancelled too");

            PayNowFuture<Optional<Customer>> given = client.lookupCustomer(NOTCH);
            given.complete(Optional.empty());
            Waiting.until(() -> client.stats().cancelled() == 3, "what was completed by hand is cancelled too");
        }
    }

    @Test
    void stormsOfCancelsLeaveNothingBehind() throws Exception {
        sandbox.faults("{\"latency_ms\":1}");
        try (PayNowClient client = builder().maxOutstanding(256).cacheTtl(Duration.ZERO).build()) {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Thread thread = new Thread(() -> {
                    for (int j = 0; j < 2_000; j++) {
                        PayNowFuture<?> future = client.lookupCustomer(UUID.randomUUID());
                        if (j % 3 != 0) {
                            future.cancel(false);
                        }
                    }
                });
                thread.start();
                threads.add(thread);
            }
            for (Thread thread : threads) {
                thread.join();
            }
            Waiting.until(() -> client.stats().outstanding() == 0, "every place is free again");
            ClientStats stats = client.stats();
            assertEquals(stats.submitted(),
                    stats.completedOk() + stats.completedError() + stats.cancelled() + stats.timedOut());
            // Every place of the table can be taken again.
            sandbox.hang();
            for (int i = 0; i < 256; i++) {
                assertFalse(client.lookupCustomer(UUID.randomUUID()).isDone());
            }
            failure(PayNowException.QueueFull.class, client.lookupCustomer(UUID.randomUUID()));
        }
    }

    @Test
    void futuresCompleteOnTheirExecutor() {
        AtomicReference<Thread> ran = new AtomicReference<>();
        try (PayNowClient client = builder().build()) {
            value(client.lookupCustomer(NOTCH).thenAccept(found -> ran.set(Thread.currentThread())));
            TickExecutor tick = new TickExecutor();
            PayNowFuture<?> future = client.on(tick).lookupCustomer(NOTCH);
            CompletableFuture<Void> after = future.thenAccept(found -> ran.set(Thread.currentThread()));
            Waiting.until(() -> !tick.isEmpty(), "the answer waits for the tick");
            assertFalse(future.isDone());
            assertEquals(1, tick.drain(Duration.ofMillis(50)));
            assertTrue(after.isDone());
            assertSame(Thread.currentThread(), ran.get());
            tick.close();
        }
    }

    @Test
    void anExecutorThatRefusesHangsNothing() {
        try (PayNowClient client = builder().build()) {
            value(client.on(task -> {
                throw new RejectedExecutionException();
            }).lookupCustomer(NOTCH));
            value(client.on(task -> {
                throw new IllegalStateException("a test wants it");
            }).lookupCustomer(NOTCH));
            TickExecutor closed = new TickExecutor();
            closed.close();
            value(client.on(closed).lookupCustomer(NOTCH));
        }
    }

    @Test
    void drainingKeepsToItsBudget() {
        TickExecutor tick = new TickExecutor();
        List<Integer> ran = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            int number = i;
            tick.execute(() -> ran.add(number));
        }
        assertEquals(1, tick.drain(Duration.ZERO), "at least one");
        tick.execute(() -> {
            throw new IllegalArgumentException("a test wants it");
        });
        tick.execute(() -> ran.add(5));
        Thread thread = Thread.currentThread();
        Thread.UncaughtExceptionHandler before = thread.getUncaughtExceptionHandler();
        List<Throwable> told = new ArrayList<>();
        thread.setUncaughtExceptionHandler((where, what) -> told.add(what));
        tick.drain(Duration.ofSeconds(10));
        thread.setUncaughtExceptionHandler(before);
        assertEquals(List.of(0, 1, 2, 3, 4, 5), ran);
        assertEquals(1, told.size());
        assertEquals(0, tick.drain(Duration.ofSeconds(1)));
        tick.close();
        assertThrows(RejectedExecutionException.class, () -> tick.execute(() -> {}));
    }

    @Test
    void aTickThreadIsNotFrozen() throws Exception {
        sandbox.hang();
        try (PayNowClient client = builder().build(); TickExecutor tick = new TickExecutor()) {
            PayNowFuture<?> future = client.lookupCustomer(NOTCH);
            tick.drain(Duration.ZERO);
            for (CompletableFuture<?> stage : List.of(future, future.thenApply(found -> found), future.exceptionally(e -> null))) {
                assertTrue(assertThrows(IllegalStateException.class, stage::join).getMessage().contains("freeze"));
                assertThrows(IllegalStateException.class, stage::get);
                assertThrows(IllegalStateException.class, () -> stage.get(1, TimeUnit.SECONDS));
            }
            TickExecutor.unmarkTickThread();
            assertThrows(TimeoutException.class, () -> future.get(1, TimeUnit.MILLISECONDS));
            TickExecutor.markTickThread();
            sandbox.reset();
            Waiting.until(future::isDone, "it completes");
            future.join();
            assertEquals(future.join(), future.get());
        }
    }

    @Test
    void theCompletionThreadDoesNotWaitForItself() {
        try (PayNowClient client = builder().build()) {
            Thread test = Thread.currentThread();
            Object refused;
            do {
                // An answer that is here before its handler is attached runs it on this thread, which may wait.
                refused = value(client.lookupCustomer(UUID.randomUUID()).handle((found, failure) ->
                        Thread.currentThread() == test
                                ? null
                                : assertThrows(IllegalStateException.class, () -> client.lookupCustomer(NOTCH).join())));
            } while (refused == null);
            assertTrue(refused.toString().contains("completes all futures"));
        }
    }

    @Test
    void closingCompletesWhatATickNeverWill() {
        PayNowClient client = builder().build();
        TickExecutor tick = new TickExecutor();
        PayNowFuture<Optional<Customer>> answered = client.on(tick).lookupCustomer(NOTCH);
        Waiting.until(() -> !tick.isEmpty(), "the answer waits for a tick that does not come");
        sandbox.hang();
        PayNowFuture<?> pending = client.on(tick).lookupCustomer(UUID.randomUUID());
        AtomicReference<Thread> ran = new AtomicReference<>();
        CompletableFuture<?> after = pending.whenComplete((found, failure) -> ran.set(Thread.currentThread()));
        client.close();
        assertTrue(value(answered).isPresent());
        failure(PayNowException.Closed.class, pending);
        assertTrue(after.isDone());
        assertSame(Thread.currentThread(), ran.get(), "the thread that closes");
        tick.close();
    }

    @Test
    void closingFromInsideAnAnswerWorks() {
        PayNowClient client = builder().build();
        sandbox.faults("{\"rules\":[{\"target_contains\":\"" + NOTCH + "\",\"delay_ms\":0},"
                + "{\"operation\":\"lookup_customer\",\"hang\":true}]}");
        CompletableFuture<Void> closed = client.lookupCustomer(NOTCH).thenRun(client::close);
        PayNowFuture<?> pending = client.lookupCustomer(UUID.randomUUID());
        value(closed);
        failure(PayNowException.Closed.class, pending);
        client.close();
    }

    @Test
    void closingUnderLoadHangsNothing() throws Exception {
        sandbox.faults("{\"latency_ms\":5}");
        for (int round = 0; round < 5; round++) {
            PayNowClient client = builder().build();
            List<PayNowFuture<?>> all = java.util.Collections.synchronizedList(new ArrayList<>());
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Thread thread = new Thread(() -> {
                    while (!client.isClosed()) {
                        all.add(client.lookupCustomer(UUID.randomUUID()));
                        Thread.yield();
                    }
                });
                thread.start();
                threads.add(thread);
            }
            Waiting.until(() -> all.size() > 500, "there is load");
            client.close();
            for (Thread thread : threads) {
                thread.join();
            }
            for (PayNowFuture<?> future : all) {
                Waiting.until(future::isDone, "nothing hangs");
            }
        }
        assertEquals(0, Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("paynow-bridge completions") && thread.isAlive())
                .count(), "no thread is left");
    }

    @Test
    void aForgottenClientIsClosed() {
        sandbox.faults("{\"latency_ms\":300}");
        // While an answer is owed the client stays, though the program has let go of it.
        PayNowFuture<Optional<Customer>> owed = builder().build().lookupCustomer(NOTCH);
        System.gc();
        assertTrue(value(owed).isPresent());
        // Who ticks for a client does not keep it.
        try (TickExecutor tick = new TickExecutor()) {
            WeakReference<PayNowClient> forgotten = forgotten(tick);
            Waiting.until(() -> {
                tick.drain(Duration.ZERO);
                System.gc();
                return forgotten.get() == null
                        && Thread.getAllStackTraces().keySet().stream()
                                .noneMatch(thread -> thread.getName().equals("paynow-bridge completions"));
            }, "the cleaner ends its thread");
        }
    }

    private static WeakReference<PayNowClient> forgotten(TickExecutor tick) {
        PayNowClient client = builder().build();
        client.on(tick);
        return new WeakReference<>(client);
    }

    @Test
    void linesGoToTheLog() {
        sandbox.respond("*", "{\"status\":500,\"body\":\"{}\"}");
        List<LogLevel> levels = java.util.Collections.synchronizedList(new ArrayList<>());
        try (PayNowClient client = builder().maxAttempts(1).circuitThreshold(1).log((level, line) -> {
            levels.add(level);
            throw new IllegalStateException("a test wants it");
        }).build()) {
            failure(PayNowException.class, client.lookupCustomer(NOTCH));
            Waiting.until(() -> !levels.isEmpty(), "the outage is logged");
            assertTrue(levels.contains(LogLevel.WARN) || levels.contains(LogLevel.ERROR), levels.toString());
        }
    }

    @Test
    void aHundredThousandLookupsFromEightThreads() throws Exception {
        // With the cache on, as it is by default: four keys, so nearly all are answered from memory.
        List<UUID> players = List.of(
                NOTCH, UUID.fromString("853c80ef-3c37-49fd-aa49-938b674adae6"), UUID.randomUUID(), UUID.randomUUID());
        try (PayNowClient client = builder().maxOutstanding(20_000).build()) {
            List<Thread> threads = new ArrayList<>();
            List<Throwable> wrong = java.util.Collections.synchronizedList(new ArrayList<>());
            for (int i = 0; i < 8; i++) {
                Thread thread = new Thread(() -> {
                    List<PayNowFuture<Optional<Customer>>> asked = new ArrayList<>();
                    for (int j = 0; j < 12_500; j++) {
                        asked.add(client.lookupCustomer(players.get(j % players.size())));
                        if (asked.size() == 1_000 || j == 12_499) {
                            for (int k = 0; k < asked.size(); k++) {
                                Optional<Customer> found = value(asked.get(k));
                                int which = (j - asked.size() + 1 + k) % players.size();
                                if (found.isPresent() != which < 2) {
                                    wrong.add(new AssertionError("another one's answer"));
                                } else if (found.isPresent()
                                        && !found.get().minecraftUuid().equals(Optional.of(players.get(which).toString()))) {
                                    wrong.add(new AssertionError("another one's customer"));
                                }
                            }
                            asked.clear();
                        }
                    }
                });
                thread.setUncaughtExceptionHandler((where, what) -> wrong.add(what));
                thread.start();
                threads.add(thread);
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertEquals(List.of(), wrong);
            assertEquals(100_000, client.stats().completedOk());
        }
    }

    @Test
    void manyUncachedLookupsUnderCollection() {
        // With the cache off: each crosses the network, while the collector runs all the time.
        try (PayNowClient client = builder().cacheTtl(Duration.ZERO).cacheNegativeTtl(Duration.ZERO).build()) {
            for (int round = 0; round < 10; round++) {
                List<PayNowFuture<Optional<Customer>>> asked = new ArrayList<>();
                for (int i = 0; i < 500; i++) {
                    asked.add(client.lookupCustomer(NOTCH));
                }
                System.gc();
                asked.forEach(future -> assertTrue(value(future).isPresent()));
            }
        }
    }

    @Test
    void tagsAreNeverNone() {
        assertTrue(Tags.of("") != 0 && Tags.of(new UUID(0, 0)) != 0);
        assertEquals(Tags.of("shop"), Tags.of(new String("shop")));
    }
}
