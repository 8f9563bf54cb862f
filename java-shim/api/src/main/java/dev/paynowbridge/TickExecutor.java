package dev.paynowbridge;

import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * Runs what has to happen on the game's thread, once a tick and for no longer than it is given. One queue for all answers
 * costs less than a scheduler's task for each.
 *
 * <pre>{@code
 * TickExecutor tick = new TickExecutor();
 * PayNowOperations paynow = client.on(tick);
 * // every tick, on the game's thread:
 * tick.drain(Duration.ofMillis(1));
 * }</pre>
 *
 * <p>The thread that drains counts as a tick thread from then on: {@code join()} or {@code get()} on a pending
 * {@link PayNowFuture} there throws {@link IllegalStateException} instead of freezing the game.
 */
public final class TickExecutor implements Executor, AutoCloseable {
    private final Queue<Runnable> waiting = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;

    /** Makes one with nothing in it. */
    public TickExecutor() {}

    /**
     * Makes the calling thread a tick thread before it drains for the first time.
     */
    public static void markTickThread() {
        HostThreads.markTick();
    }

    /**
     * Lets the calling thread wait for futures again.
     */
    public static void unmarkTickThread() {
        HostThreads.unmark();
    }

    /**
     * Puts a task into the queue. Any thread; never waits.
     *
     * @param task what to run at the next drain
     * @throws RejectedExecutionException when this was closed; a client then completes the future itself
     */
    @Override
    public void execute(Runnable task) {
        if (task == null) {
            throw new NullPointerException("task");
        }
        if (closed) {
            throw new RejectedExecutionException("the tick executor is closed");
        }
        waiting.add(task);
        if (closed && waiting.remove(task)) {
            throw new RejectedExecutionException("the tick executor is closed");
        }
    }

    /**
     * Runs what waits, on this thread: at least one task if there is one, no new one once the time is used up, and nothing
     * that was added meanwhile by what it runs, without end.
     *
     * @param budget how long it may take; the clock is read between tasks
     * @return how many tasks ran
     */
    public int drain(Duration budget) {
        HostThreads.markTick();
        Runnable task = waiting.poll();
        if (task == null) {
            return 0;
        }
        long started = System.nanoTime();
        long allowed = budget.toNanos();
        int ran = 0;
        while (task != null) {
            run(task);
            ran++;
            if (System.nanoTime() - started >= allowed) {
                break;
            }
            task = waiting.poll();
        }
        return ran;
    }

    /** One task that fails must not take the rest of the tick with it. */
    private static void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
        }
    }

    /**
     * Whether anything waits.
     *
     * @return true when the next drain has nothing to do
     */
    public boolean isEmpty() {
        return waiting.isEmpty();
    }

    /**
     * Takes nothing more, and runs on this thread what still waits: for a host that stops ticking. The thread may wait for
     * futures again.
     */
    @Override
    public void close() {
        closed = true;
        try {
            for (Runnable task = waiting.poll(); task != null; task = waiting.poll()) {
                run(task);
            }
        } finally {
            if (!waiting.isEmpty()) {
                // An Error ended the loop: it goes on to the caller, but what waits behind it runs first.
                close();
            }
            HostThreads.unmark();
        }
    }
}
