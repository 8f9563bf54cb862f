package dev.paynowbridge;

import dev.paynowbridge.internal.Checked;
import dev.paynowbridge.internal.Native;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/**
 * One client of the library, and the one Java thread that takes what has finished. Holds no reference to the
 * {@link PayNowClient}, so that one that was never closed can be collected and closed.
 */
final class Engine {
    private static final int BUFFER = 64 * 1024;
    private static final int LARGEST_KEPT = 1024 * 1024;
    /** Log lines wait as long as this at most; closing ends the wait. */
    private static final int PATIENCE_MS = 250;
    private static final int CLOSING_PATIENCE_MS = 10;

    /** How often memory for an answer is asked for: ten seconds long. */
    private static final int MOST_WITHOUT_MEMORY = 40;

    /** Longer text is asked for once more. */
    private static final int LONGEST_USUAL_TEXT = 16 * 1024;

    private static final int WAIT_MS = 1_000;
    private static final long CLOSING_NANOS = 15_000_000_000L;

    private final long handle;
    private final Tickets tickets;
    private final Peeks peeks = new Peeks();
    private final Hooks hooks;
    private final Thread thread;
    /** What a future completes with when not even this can be made any more. */
    private final Completion unreadable = Completion.unreadable();

    private volatile boolean hasFurtherTags;
    private final AtomicBoolean closing = new AtomicBoolean();
    private final CountDownLatch delivered = new CountDownLatch(1);
    private volatile boolean closedFromWithin;

    /**
     * What a client has of its host.
     *
     * @param log where lines go
     * @param ticks whether the calling thread runs the game's ticks
     * @param failures hears of handlers that fail
     * @param deadlineMs the deadline of a call that has none of its own
     */
    record Hooks(
            BiConsumer<LogLevel, String> log, BooleanSupplier ticks, HandlerFailures failures, long deadlineMs) {}

    private Engine(long handle, int maxOutstanding, Hooks hooks) {
        this.handle = handle;
        this.hooks = hooks;
        tickets = new Tickets(maxOutstanding);
        // Inherits no thread-locals: they are the host's.
        thread = new Thread(null, this::collect, "paynow-bridge completions", 0, false);
        thread.setDaemon(true);
    }

    static Engine start(String[] texts, long[] numbers, int maxOutstanding, Hooks hooks) {
        Late.load();
        long handle = Checked.create(texts, numbers);
        if (Native.failed(handle)) {
            throw Completion.ofFailure(handle).exception();
        }
        try {
            Engine engine = new Engine(handle, maxOutstanding, hooks);
            engine.thread.start();
            return engine;
        } catch (RuntimeException | Error e) {
            Native.destroy(handle);
            throw e;
        }
    }

    long handle() {
        return handle;
    }

    Peeks peeks() {
        return peeks;
    }

    void tick() {
        Native.tick(handle);
    }

    int take(PayNowFuture<?> future) {
        return tickets.take(future);
    }

    void release(int ticket) {
        tickets.release(ticket);
    }

    /** Whether this ended it. */
    boolean cancel(long request) {
        return Native.cancel(handle, request) > 0;
    }

    /** Some call bears a tag that the library does not know of. */
    void noteFurtherTags() {
        if (!hasFurtherTags) {
            hasFurtherTags = true;
        }
    }

    void mayWait() {
        HostThreads.mayWait(hooks.ticks);
    }

    long deadlineNanos(int ofCallMs) {
        return 1_000_000L * (ofCallMs == 0 ? hooks.deadlineMs : ofCallMs);
    }

    /** A future whose answer is here, and which the executor has not completed yet. */
    PayNowFuture<?> firstWaitingFor(Executor executor) {
        PayNowFuture<?>[] found = new PayNowFuture<?>[1];
        tickets.forEach(future -> {
            if (found[0] == null && future.waitsFor(executor)) {
                found[0] = future;
            }
        });
        return found[0];
    }

    void handlerFailed(String owner, Object handler, Throwable failure) {
        Throwable known = PayNowException.unwrap(failure);
        // What is handed on has been seen by the code that hands it on.
        if (known instanceof PayNowException || known instanceof CancellationException) {
            return;
        }
        try {
            if (hooks.failures != null) {
                hooks.failures.failed(owner, handler.getClass(), failure);
                return;
            }
            StringWriter text = new StringWriter();
            failure.printStackTrace(new PrintWriter(text, true));
            hooks.log.accept(
                    LogLevel.WARN, "A handler of " + (owner == null ? handler.getClass().getName() : owner) + " failed: " + text);
        } catch (Throwable broken) {
            // The handler's failure goes on, whatever the log does.
        }
    }

    boolean isClosed() {
        return closing.get();
    }

    private void collect() {
        HostThreads.markCompletions();
        boolean asked = false;
        try {
            collectUntilClosed();
            asked = true;
        } finally {
            closing.set(true);
            Native.shutdown(handle);
            delivered.countDown();
            Native.destroy(handle);
            if (closedFromWithin || !asked) {
                settle();
            }
        }
    }

    private void collectUntilClosed() {
        byte[] buffer = new byte[BUFFER];
        long giveUp = 0;
        int without = 0;
        while (true) {
            boolean last = closing.get();
            long length = Checked.next(handle, last ? CLOSING_PATIENCE_MS : PATIENCE_MS, buffer);
            if (length > buffer.length) {
                try {
                    buffer = new byte[Math.toIntExact(length)];
                } catch (OutOfMemoryError e) {
                    if (++without > MOST_WITHOUT_MEMORY) {
                        throw e;
                    }
                    pause();
                }
            } else if (length > 0) {
                without = 0;
                deliver(buffer, (int) length);
                if (buffer.length > LARGEST_KEPT) {
                    buffer = new byte[BUFFER];
                }
            } else if (last) {
                giveUp = giveUp == 0 ? System.nanoTime() + CLOSING_NANOS : giveUp;
                if (!owesAny() || System.nanoTime() - giveUp > 0) {
                    return;
                }
            } else if (length < 0) {
                pause();
            }
        }
    }

    /** A failure that comes again and again must not burn a core. */
    private static void pause() {
        try {
            Thread.sleep(PATIENCE_MS);
        } catch (InterruptedException e) {
            // Interrupting this thread means nothing.
        }
    }

    private void deliver(byte[] buffer, int length) {
        Reader in = new Reader(buffer, length);
        for (int kind = in.record(); kind >= 0; kind = in.record()) {
            if (kind == Reader.COMPLETION) {
                complete(in);
            } else if (kind == Reader.LOG_LINE) {
                say(in);
            }
        }
        in.wipe();
    }

    private void complete(Reader in) {
        PayNowFuture<?> future = tickets.get(in.ticket());
        if (future == null) {
            return;
        }
        Completion completion;
        try {
            completion = in.completion();
        } catch (Throwable e) {
            completion = unreadable;
        }
        try {
            future.arrived(completion);
        } catch (Throwable e) {
            // The host's executor or a dependent stage is to blame; the other futures are not.
            settle(future);
        }
    }

    private void say(Reader in) {
        try {
            hooks.log.accept(in.logLevel(), in.text());
        } catch (Throwable e) {
            // A log that fails must not take the completion thread with it.
        }
    }

    /** Whether the library has yet to say how some request ended. */
    private boolean owesAny() {
        boolean[] found = new boolean[1];
        tickets.forEach(future -> found[0] |= !future.hasArrived());
        return found[0];
    }

    private void settle() {
        tickets.forEach(Engine::settle);
    }

    /** What happens to one future is nothing to the others. */
    private static void settle(PayNowFuture<?> future) {
        try {
            future.settle();
        } catch (Throwable e) {
            // It is complete: only a stage made of it can have failed.
        }
    }

    /** Ends everything that is pending, and the threads. Waits for that, except on the completion thread itself. */
    void close() {
        if (end()) {
            await(() -> !thread.isAlive(), () -> thread.join(WAIT_MS));
            settle();
        }
    }

    /** Ends everything that is pending, and waits for that alone: the threads end by themselves. */
    void shutdown() {
        if (end()) {
            await(() -> delivered.getCount() == 0, () -> delivered.await(WAIT_MS, TimeUnit.MILLISECONDS));
            settle();
        }
    }

    /** Whether this thread can wait for the end. */
    private boolean end() {
        if (closing.compareAndSet(false, true)) {
            Native.shutdown(handle);
        }
        if (Thread.currentThread() == thread) {
            closedFromWithin = true;
            return false;
        }
        return true;
    }

    /** A wait that can be interrupted. */
    private interface Wait {
        void once() throws InterruptedException;
    }

    private static void await(BooleanSupplier done, Wait wait) {
        boolean interrupted = false;
        long end = System.nanoTime() + 2 * CLOSING_NANOS;
        while (!done.getAsBoolean() && System.nanoTime() - end < 0) {
            try {
                wait.once();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    ClientStats stats() {
        long[] numbers = new long[Native.STATS];
        Checked.stats(handle, numbers);
        return ClientStats.of(numbers);
    }

    String metrics() {
        return text(Checked::metrics);
    }

    String dump() {
        return text(Checked::dump);
    }

    /** Writes text into a buffer that is long enough, and says how long that has to be. */
    private interface Writing {
        long into(long client, byte[] buffer);
    }

    private String text(Writing writing) {
        byte[] buffer = new byte[LONGEST_USUAL_TEXT];
        while (true) {
            long length = writing.into(handle, buffer);
            if (length <= 0) {
                return "";
            }
            if (length <= buffer.length) {
                return new String(buffer, 0, (int) length, StandardCharsets.UTF_8);
            }
            // Some more: numbers grow.
            buffer = new byte[Math.toIntExact(length + length / 4)];
        }
    }

    long cancelAll(long tag) {
        long cancelled = Math.max(0, Native.cancelAll(handle, tag));
        if (hasFurtherTags) {
            cancelled += count(future -> future.cancelIf(calls -> calls.bearsFurther(tag)));
        }
        return cancelled;
    }

    /** Only what was called for before the mark. */
    long cancelAll(long tag, CallMark before) {
        return count(future -> future.cancelIfBefore(before, tag));
    }

    private long count(Predicate<PayNowFuture<?>> each) {
        long[] counted = new long[1];
        tickets.forEach(future -> {
            if (each.test(future)) {
                counted[0]++;
            }
        });
        return counted[0];
    }
}
