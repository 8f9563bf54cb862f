package dev.paynowbridge;

import dev.paynowbridge.internal.Native;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;

/**
 * One client of the library, and the one Java thread that takes what has finished. Holds no reference to the
 * {@link PayNowClient}, so that one nobody closed can be collected and closed.
 */
final class Engine {
    private static final int BUFFER = 64 * 1024;
    private static final int LARGEST_KEPT = 1024 * 1024;
    /** Log lines wait as long as this at most; closing ends the wait. */
    private static final int PATIENCE_MS = 250;
    private static final int CLOSING_PATIENCE_MS = 10;

    private static final long CLOSING_NANOS = 15_000_000_000L;

    private final long handle;
    private final Tickets tickets;
    private final BiConsumer<LogLevel, String> log;
    private final Thread thread;
    private final AtomicBoolean closing = new AtomicBoolean();
    private volatile boolean closedFromWithin;

    private Engine(long handle, int maxOutstanding, BiConsumer<LogLevel, String> log) {
        this.handle = handle;
        this.log = log;
        tickets = new Tickets(maxOutstanding);
        // Inherits no thread-locals: they are the host's.
        thread = new Thread(null, this::collect, "paynow-bridge completions", 0, false);
        thread.setDaemon(true);
    }

    static Engine start(String[] texts, long[] numbers, int maxOutstanding, BiConsumer<LogLevel, String> log) {
        long handle = Native.create(texts, numbers);
        if (Native.failed(handle)) {
            throw Completion.ofFailure(handle).exception();
        }
        try {
            Engine engine = new Engine(handle, maxOutstanding, log);
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

    int take(PayNowFuture<?> future) {
        return tickets.take(future);
    }

    void release(int ticket) {
        tickets.release(ticket);
    }

    void cancel(long request) {
        Native.cancel(handle, request);
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
            Native.destroy(handle);
            if (closedFromWithin || !asked) {
                settle();
            }
        }
    }

    private void collectUntilClosed() {
        byte[] buffer = new byte[BUFFER];
        long giveUp = 0;
        while (true) {
            boolean last = closing.get();
            long length = Native.next(handle, last ? CLOSING_PATIENCE_MS : PATIENCE_MS, buffer);
            if (length > buffer.length) {
                buffer = new byte[Math.toIntExact(length)];
            } else if (length > 0) {
                deliver(buffer, (int) length);
                buffer = buffer.length > LARGEST_KEPT ? new byte[BUFFER] : buffer;
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
        } catch (RuntimeException | OutOfMemoryError e) {
            completion = Completion.unreadable();
        }
        try {
            future.arrived(completion);
        } catch (RuntimeException | Error e) {
            // The host's executor or a dependent stage is to blame; the other futures are not.
            future.settle();
        }
    }

    private void say(Reader in) {
        try {
            log.accept(in.logLevel(), in.text());
        } catch (RuntimeException e) {
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
        tickets.forEach(PayNowFuture::settle);
    }

    /** Ends everything that is pending, and the threads. Waits for that, except on the completion thread itself. */
    void close() {
        boolean first = closing.compareAndSet(false, true);
        if (first) {
            Native.shutdown(handle);
        }
        if (Thread.currentThread() == thread) {
            closedFromWithin = true;
            return;
        }
        boolean interrupted = false;
        long end = System.nanoTime() + 2 * CLOSING_NANOS;
        while (thread.isAlive() && System.nanoTime() - end < 0) {
            try {
                thread.join(1_000);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        settle();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    ClientStats stats() {
        long[] numbers = new long[Native.STATS];
        Native.stats(handle, numbers);
        return ClientStats.of(numbers);
    }

    long cancelAll(long tag) {
        return Math.max(0, Native.cancelAll(handle, tag));
    }
}
