package dev.paynowbridge;

import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

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
 *
 * <p>Each drain is a tick to the clients whose futures complete here, see {@link PayNowClient#tick()}.
 */
public final class TickExecutor implements Executor, AutoCloseable {
    private final Queue<Runnable> waiting = new ConcurrentLinkedQueue<>();
    /** Whose futures complete here. This keeps none of them: one that its owner forgot can be collected and closed. */
    private final AtomicReference<List<WeakReference<PayNowOperations>>> clients = new AtomicReference<>(List.of());

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

    /** From now on each drain is a tick of this client, or of the one that a service has by then. Never waits. */
    void tickFor(PayNowOperations client) {
        for (WeakReference<PayNowOperations> known : clients.get()) {
            if (known.refersTo(client)) {
                return;
            }
        }
        WeakReference<PayNowOperations> added = new WeakReference<>(client);
        clients.updateAndGet(before ->
                Stream.concat(before.stream().filter(TickExecutor::mayCall), Stream.of(added)).toList());
    }

    private static boolean mayCall(WeakReference<PayNowOperations> reference) {
        PayNowOperations client = reference.get();
        return client != null && !(client instanceof PayNowClient own && own.isClosed());
    }

    private void tick() {
        List<WeakReference<PayNowOperations>> all = clients.get();
        // By place: an iterator would be one object more a tick.
        for (int place = 0; place < all.size(); place++) {
            PayNowOperations known = all.get(place).get();
            PayNowClient client = known == null ? null : known.client();
            if (client != null) {
                client.tick();
            }
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
        tick();
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
