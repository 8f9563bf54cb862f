package dev.paynowbridge;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What an operation will bring. It completes on the client's completion thread, or on the executor of
 * {@link PayNowOperations#on(Executor)}; it fails with a {@link PayNowException}.
 *
 * <p>Waiting for a pending one ({@link #join()}, {@link #get()}) on a thread that runs the game's ticks, see
 * {@link TickExecutor}, or on the completion thread throws {@link IllegalStateException}. That also holds for the stages
 * made of it with {@code thenApply} and the like, not for {@link CompletableFuture#allOf}. On any other thread waiting ends
 * soon after the deadline, with an {@link IllegalStateException} if the executor has not run what came: it may be the
 * thread that waits which should.
 *
 * <p>What a handler throws goes to the stage made of it, as always, and to the log besides
 * ({@link PayNowClient.Builder#handlerFailures}).
 *
 * @param <T> what it brings
 */
public final class PayNowFuture<T extends @Nullable Object> extends GuardedFuture<T> {
    private static final int WAITING = 0;
    private static final int DONE = 1;

    /** The host's thread pays for no fence. */
    private static final VarHandle REQUEST;

    static {
        try {
            REQUEST = MethodHandles.lookup().findVarHandle(PayNowFuture.class, "request", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    @SuppressWarnings("rawtypes")
    private static final AtomicIntegerFieldUpdater<PayNowFuture> STATE =
            AtomicIntegerFieldUpdater.newUpdater(PayNowFuture.class, "state");

    /** Null where there is no client. A stage made of another future has that one's, and no ticket. */
    private final @Nullable Engine engine;

    private final Calls calls;
    private final @Nullable Function<Completion, T> decode;
    /** Keeps a client that has no other owner from being collected while it still owes an answer. */
    @SuppressWarnings("unused")
    private @Nullable Object owner;

    private final int mark = CallMark.last();
    /** 0 until the request was accepted, which is before the host gets this. */
    private long request;
    /** Written before this is put into its place, and read only by who found it there. */
    private int ticket = Tickets.NONE;
    private volatile int state;
    private volatile @Nullable Completion completion;

    /** Belongs to no request of its own. */
    PayNowFuture() {
        this(null, null, Calls.PLAIN, null);
    }

    PayNowFuture(
            @Nullable Engine engine, @Nullable Object owner, Calls calls, @Nullable Function<Completion, T> decode) {
        this.engine = engine;
        this.owner = owner;
        this.calls = calls;
        this.decode = decode;
    }

    void submitted(long request) {
        REQUEST.setRelease(this, request);
    }

    void setTicket(int ticket) {
        this.ticket = ticket;
    }

    /** Takes what came from the library, and completes where the host wants it. */
    void arrived(Completion completion) {
        this.completion = completion;
        // One that was cancelled runs nothing any more: no need to wait for the host's thread.
        if (calls.executor() == null || isDone()) {
            finish(completion);
            return;
        }
        try {
            calls.executor().execute(() -> finish(completion));
        } catch (RejectedExecutionException e) {
            finish(completion);
        }
    }

    /** Fails at once: the request was not accepted, so the library has nothing to say. */
    void refused(Completion completion) {
        finish(completion);
    }

    /** How the request ended; null before it has. */
    @Nullable Completion ended() {
        return completion;
    }

    /** The request's id; 0 when none was accepted. */
    long request() {
        return request;
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
        T value = null;
        Throwable failure = null;
        try {
            if (known.status == Status.OK) {
                value = decode.apply(known);
            } else {
                failure = known.exception();
            }
        } catch (Throwable e) {
            failure = unreadable(e);
        }
        if (failure == null) {
            super.complete(value);
        } else {
            super.completeExceptionally(failure);
        }
    }

    /** Whatever keeps an answer from being read, even a JVM without memory or without its jar: the future ends. */
    private static Throwable unreadable(Throwable cause) {
        try {
            return new PayNowException.Internal(Completion.unreadable(), cause);
        } catch (Throwable worse) {
            return cause;
        }
    }

    /** Cancels the request if it was accepted before now and bears a tag that the library does not know of. */
    boolean cancelIf(Predicate<Calls> wanted) {
        return wanted.test(calls) && cancelAccepted();
    }

    /** The same for one that was called for before a mark. */
    boolean cancelIfBefore(CallMark other, long tag) {
        return other.isAfter(mark) && calls.bears(tag) && cancelAccepted();
    }

    private boolean cancelAccepted() {
        long accepted = (long) REQUEST.getAcquire(this);
        return accepted != 0 && completion == null && engine.cancel(accepted);
    }

    /** Whether the answer is here, and the host's executor has yet to run it. */
    boolean waitsFor(Executor executor) {
        return completion != null && state == WAITING && calls.executor() == executor;
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
     * Completes this future with another value, and cancels the request: its answer is no longer needed.
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
     * Fails this future, and cancels the request: its answer is no longer needed. {@code orTimeout} ends here.
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

    @Override
    void handlerFailed(Object handler, Throwable failure) {
        if (engine != null) {
            engine.handlerFailed(calls.owner(), handler, failure);
        }
    }

    /**
     * Waits for the value.
     *
     * @return the value
     * @throws IllegalStateException when it is pending and this thread must not wait, or when its executor does not run it
     */
    @Override
    public T join() {
        if (engine != null && !isDone()) {
            check();
            boolean interrupted = false;
            for (Patience patience = new Patience(); !isDone(); patience.check()) {
                try {
                    super.get(Patience.STEP_MS, TimeUnit.MILLISECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException | TimeoutException | CancellationException e) {
                    // Said below, or not yet over.
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        return super.join();
    }

    /**
     * Waits for the value.
     *
     * @return the value
     * @throws IllegalStateException when it is pending and this thread must not wait, or when its executor does not run it
     */
    @Override
    public T get() throws InterruptedException, ExecutionException {
        if (engine != null && !isDone()) {
            check();
            for (Patience patience = new Patience(); !isDone(); patience.check()) {
                try {
                    return super.get(Patience.STEP_MS, TimeUnit.MILLISECONDS);
                } catch (TimeoutException e) {
                    // Not yet over.
                }
            }
        }
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
        if (engine != null && !isDone()) {
            engine.mayWait();
        }
    }

    /** How long a thread waits for this. */
    private final class Patience {
        static final long STEP_MS = 100;
        /** An executor that has not run an answer for so long does not run. */
        private static final long GRACE_NANOS = 2_000_000_000L;

        private final long end = System.nanoTime() + engine.deadlineNanos(calls.deadlineMs());
        private PayNowFuture<?> stuck;
        private long since;

        /** Ends the waiting, if it would not end by itself. */
        void check() {
            long now = System.nanoTime();
            if (calls.executor() == null) {
                // The completion thread completes a request at its deadline, unless a handler keeps it.
                if (ticket != Tickets.NONE && now - end > GRACE_NANOS) {
                    throw new IllegalStateException("the client's completion thread does not run: a handler on it waits");
                }
                return;
            }
            PayNowFuture<?> waiting = engine.firstWaitingFor(calls.executor());
            if (waiting == null || waiting != stuck) {
                stuck = waiting;
                since = now;
            } else if (now - end > 0 && now - since > GRACE_NANOS) {
                throw new IllegalStateException("the answer came, but the executor its futures complete on does not run: is this"
                        + " the thread that should? Attach what is to happen with thenAccept(…) instead of waiting");
            }
        }
    }

    /**
     * Makes stages that know which threads must not wait for them.
     *
     * @param <U> what the stage brings
     * @return a stage
     */
    @Override
    public <U extends @Nullable Object> CompletableFuture<U> newIncompleteFuture() {
        return new PayNowFuture<>(engine, null, calls, null);
    }
}
