package dev.paynowbridge;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.function.Function;

/**
 * What an operation will bring. It completes on the client's completion thread, or on the executor of
 * {@link PayNowOperations#on(Executor)}; it fails with a {@link PayNowException}.
 *
 * <p>Waiting for a pending one ({@link #join()}, {@link #get()}) on a thread that runs the game's ticks, see
 * {@link TickExecutor}, or on the completion thread throws {@link IllegalStateException}. That also holds for the stages
 * made of it with {@code thenApply} and the like, not for {@link CompletableFuture#allOf}.
 *
 * @param <T> what it brings
 */
public final class PayNowFuture<T> extends CompletableFuture<T> {
    private static final int WAITING = 0;
    private static final int DONE = 1;

    @SuppressWarnings("rawtypes")
    private static final AtomicIntegerFieldUpdater<PayNowFuture> STATE =
            AtomicIntegerFieldUpdater.newUpdater(PayNowFuture.class, "state");

    /** Null for a stage made of another future. */
    private final Engine engine;

    private final Executor executor;
    private final Function<Completion, T> decode;
    /** Keeps a client that nobody else holds from being collected while it still owes an answer. */
    @SuppressWarnings("unused")
    private Object owner;

    /** Written before the host gets this, and read only after that. */
    private long request;
    /** Written before this is put into its place, and read only by who found it there. */
    private int ticket = Tickets.NONE;
    private volatile int state;
    private volatile Completion completion;

    /** Belongs to no request of its own. */
    PayNowFuture() {
        this(null, null, null, null);
    }

    PayNowFuture(Engine engine, Object owner, Executor executor, Function<Completion, T> decode) {
        this.engine = engine;
        this.owner = owner;
        this.executor = executor;
        this.decode = decode;
    }

    void submitted(long request) {
        this.request = request;
    }

    void setTicket(int ticket) {
        this.ticket = ticket;
    }

    /** Takes what came from the library, and completes where the host wants it. */
    void arrived(Completion completion) {
        this.completion = completion;
        // One that was cancelled runs nothing any more: no need to wait for the host's thread.
        if (executor == null || isDone()) {
            finish(completion);
            return;
        }
        try {
            executor.execute(() -> finish(completion));
        } catch (RejectedExecutionException e) {
            finish(completion);
        }
    }

    /** Fails at once: the request was not accepted, so the library has nothing to say. */
    void refused(Completion completion) {
        finish(completion);
    }

    boolean hasArrived() {
        return completion != null;
    }

    /** Completes what the host's executor will not complete any more. */
    void settle() {
        Completion known = completion;
        finish(known == null ? Completion.closedMeanwhile() : known);
    }

    private void finish(Completion known) {
        if (!STATE.compareAndSet(this, WAITING, DONE)) {
            return;
        }
        completion = known;
        owner = null;
        if (ticket != Tickets.NONE) {
            engine.release(ticket);
        }
        if (known.status != Status.OK) {
            super.completeExceptionally(known.exception());
            return;
        }
        T value;
        try {
            value = decode.apply(known);
        } catch (RuntimeException e) {
            super.completeExceptionally(new PayNowException.Internal(Completion.unreadable(), e));
            return;
        }
        super.complete(value);
    }

    /**
     * What is known of the request, besides what it brought.
     *
     * @return the details, once it has ended; never for a stage made of another future
     */
    public Optional<CallDetails> details() {
        Completion known = completion;
        return known == null ? Optional.empty() : Optional.of(known.details());
    }

    /**
     * Cancels the request itself too, unless it has ended.
     *
     * @param mayInterruptIfRunning of no meaning here
     * @return whether this future is cancelled now
     */
    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        boolean pending = !isDone();
        boolean cancelled = super.cancel(mayInterruptIfRunning);
        if (pending && cancelled) {
            cancelRequest();
        }
        return cancelled;
    }

    /**
     * Completes this future with another value, and cancels the request: nobody waits for it any more.
     *
     * @param value the value
     * @return whether this completed it
     */
    @Override
    public boolean complete(T value) {
        boolean mine = super.complete(value);
        if (mine) {
            cancelRequest();
        }
        return mine;
    }

    /**
     * Fails this future, and cancels the request: nobody waits for it any more. {@code orTimeout} ends here.
     *
     * @param failure what it fails with
     * @return whether this completed it
     */
    @Override
    public boolean completeExceptionally(Throwable failure) {
        boolean mine = super.completeExceptionally(failure);
        if (mine) {
            cancelRequest();
        }
        return mine;
    }

    /** Cancels the request and leaves it to the library to say how it ended. */
    void cancelRequest() {
        if (engine != null && ticket != Tickets.NONE && completion == null) {
            engine.cancel(request);
        }
    }

    /**
     * Waits for the value.
     *
     * @return the value
     * @throws IllegalStateException when it is pending and this thread must not wait
     */
    @Override
    public T join() {
        check();
        return super.join();
    }

    /**
     * Waits for the value.
     *
     * @return the value
     * @throws IllegalStateException when it is pending and this thread must not wait
     */
    @Override
    public T get() throws InterruptedException, ExecutionException {
        check();
        return super.get();
    }

    /**
     * Waits for the value for some time.
     *
     * @param timeout how long
     * @param unit in which unit
     * @return the value
     * @throws IllegalStateException when it is pending and this thread must not wait
     */
    @Override
    public T get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException {
        check();
        return super.get(timeout, unit);
    }

    private void check() {
        if (!isDone()) {
            HostThreads.mayWait();
        }
    }

    /**
     * Makes stages that know which threads must not wait for them.
     *
     * @param <U> what the stage brings
     * @return a stage
     */
    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
        return new PayNowFuture<>();
    }
}
