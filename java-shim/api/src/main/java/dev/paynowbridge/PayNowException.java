package dev.paynowbridge;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;

/**
 * Why a request failed. What a {@link PayNowFuture} completes with, never thrown by an operation itself.
 *
 * <p>No message holds an API key or a token.
 */
public abstract sealed class PayNowException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient @Nullable Completion completion;
    /** How the request ended. */
    private final Status status;

    PayNowException(Completion completion) {
        this(completion, null);
    }

    PayNowException(Completion completion, @Nullable Throwable cause) {
        super(completion.message, cause);
        this.completion = completion;
        status = completion.status;
    }

    /**
     * The failure itself. A stage made of a future ({@code thenApply} and the like) hands it to its handlers inside a
     * {@link CompletionException}, {@code get()} throws it inside an {@link ExecutionException}.
     *
     * @param failure what a handler was given or what was caught, or null
     * @return what was wrapped, or the failure if nothing was; null only for null
     */
    @NullUnmarked // no annotation says that it is null only for null
    public static Throwable unwrap(Throwable failure) {
        Throwable known = failure;
        while ((known instanceof CompletionException || known instanceof ExecutionException) && known.getCause() != null) {
            known = known.getCause();
        }
        return known;
    }

    /**
     * Whether the answer is no longer needed: the future or its request was cancelled, the player left, the plugin was
     * disabled. Most handlers have nothing to do then, and may not even be on the thread they expect.
     *
     * @param failure what a handler was given, wrapped or not, or null
     * @return whether it is a cancellation
     */
    public static boolean isCancellation(@Nullable Throwable failure) {
        Throwable known = unwrap(failure);
        return known instanceof Cancelled || known instanceof CancellationException;
    }

    /** After deserialization little is left. */
    private Completion known() {
        return completion == null ? Completion.of(status, getMessage()) : completion;
    }

    /**
     * How the request ended.
     *
     * @return the status, never {@link Status#OK}
     */
    public Status status() {
        return status;
    }

    /**
     * Which operation failed.
     *
     * @return the operation, if the request was accepted at all
     */
    public Optional<Operation> operation() {
        return Optional.ofNullable(known().operation);
    }

    /**
     * The HTTP status.
     *
     * @return the status; 0 when no answer came
     */
    public int httpStatus() {
        return known().httpStatus;
    }

    /**
     * PayNow's word for the error. No list of them exists and spelling is inconsistent: branch on the HTTP status.
     *
     * @return the word, if PayNow said one
     */
    public Optional<String> code() {
        return Optional.ofNullable(known().code);
    }

    /**
     * PayNow's own sentence for a human, if it said one; {@link #getMessage()} always says something.
     *
     * @return the sentence
     */
    public Optional<String> apiMessage() {
        return Optional.ofNullable(known().apiMessage);
    }

    /**
     * For PayNow's support.
     *
     * @return the id of the request there, if PayNow said one
     */
    public Optional<String> traceId() {
        return Optional.ofNullable(known().traceId);
    }

    /**
     * When the server wants to be asked again, at most 5 minutes.
     *
     * @return how long to wait, if the server said so
     */
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(known().retryAfter);
    }

    /**
     * How often the request was sent or begun to be sent.
     *
     * @return the number
     */
    public int attempts() {
        return known().attempts;
    }

    /**
     * Whether the request reached the server.
     *
     * @return what is known of it
     */
    public Sent sent() {
        return known().sent;
    }

    /**
     * What PayNow found wrong with the input.
     *
     * @return the errors, often none
     */
    public List<ValidationError> errors() {
        return known().errors;
    }

    /**
     * The API refused: {@link Status#UNAUTHORIZED}, {@link Status#FORBIDDEN}, {@link Status#NOT_FOUND},
     * {@link Status#CONFLICT}, {@link Status#API} for any other 4xx, {@link Status#SERVER}.
     */
    public static sealed class Api extends PayNowException {
        private static final long serialVersionUID = 1L;

        Api(Completion completion) {
            super(completion);
        }
    }

    /** Too many requests were made; {@link #retryAfter()} says when to come back, if PayNow said. */
    public static final class RateLimited extends Api {
        private static final long serialVersionUID = 1L;

        RateLimited(Completion completion) {
            super(completion);
        }
    }

    /** The request was not answered by its deadline. */
    public static final class Timeout extends PayNowException {
        private static final long serialVersionUID = 1L;

        Timeout(Completion completion) {
            super(completion);
        }
    }

    /**
     * The request was cancelled, alone or with others of its tag. A future that was cancelled itself throws
     * {@link CancellationException} instead.
     */
    public static final class Cancelled extends PayNowException {
        private static final long serialVersionUID = 1L;

        Cancelled(Completion completion) {
            super(completion);
        }
    }

    /** The client was closed before the request ended. */
    public static final class Closed extends PayNowException {
        private static final long serialVersionUID = 1L;

        Closed(Completion completion) {
            super(completion);
        }
    }

    /** As many requests are outstanding as the client allows. Nothing was sent. */
    public static final class QueueFull extends PayNowException {
        private static final long serialVersionUID = 1L;

        QueueFull(Completion completion) {
            super(completion);
        }
    }

    /** The operation needs an API key and the client was built without one. Nothing was sent. */
    public static final class MissingApiKey extends PayNowException {
        private static final long serialVersionUID = 1L;

        MissingApiKey(Completion completion) {
            super(completion);
        }
    }

    /**
     * The API could not be reached, or the connection broke: {@link Status#RESOLVE}, {@link Status#CONNECT},
     * {@link Status#TLS} or {@link Status#TRANSPORT}. {@link #sent()} says whether the request may have had its effect.
     */
    public static final class Transport extends PayNowException {
        private static final long serialVersionUID = 1L;

        Transport(Completion completion) {
            super(completion);
        }
    }

    /**
     * The answer is not what the contract says, or is larger than the client accepts. An HTTP 404 that is not a
     * PayNow error is one of these: a mistyped base address.
     */
    public static final class InvalidResponse extends PayNowException {
        private static final long serialVersionUID = 1L;

        InvalidResponse(Completion completion) {
            super(completion);
        }
    }

    /** Not asked: the API has not answered for a while. It is asked again soon, by itself. */
    public static final class Unavailable extends PayNowException {
        private static final long serialVersionUID = 1L;

        Unavailable(Completion completion) {
            super(completion);
        }
    }

    /** This machine lacks something: memory for the request or its answer, or a thread. */
    public static final class Resources extends PayNowException {
        private static final long serialVersionUID = 1L;

        Resources(Completion completion) {
            super(completion);
        }
    }

    /** A fault of this library, contained. Please report it. */
    public static final class Internal extends PayNowException {
        private static final long serialVersionUID = 1L;

        Internal(Completion completion) {
            super(completion);
        }

        Internal(Completion completion, Throwable cause) {
            super(completion, cause);
        }
    }

    /** The native library could not be loaded. The message lists what was tried, where, and what to do. */
    public static final class NativeLoad extends PayNowException {
        private static final long serialVersionUID = 1L;

        private final transient List<String> tried;

        NativeLoad(String message, List<String> tried, Throwable cause) {
            super(Completion.of(Status.NATIVE_LOAD, message), cause);
            this.tried = List.copyOf(tried);
        }

        /**
         * What was tried, one sentence an attempt.
         *
         * @return the attempts in their order
         */
        public List<String> tried() {
            return tried == null ? List.of() : tried;
        }
    }
}
