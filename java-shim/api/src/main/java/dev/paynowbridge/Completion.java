package dev.paynowbridge;

import dev.paynowbridge.internal.Native;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How a request ended, as it came from the library. */
final class Completion {
    private static final String CLOSED = "the client was closed first";

    @Nullable Operation operation;
    Status status;
    Sent sent = Sent.NEVER;
    Source source = Source.NETWORK;
    int httpStatus;
    int attempts;
    @Nullable Duration retryAfter;
    Duration queued = Duration.ZERO;
    Duration network = Duration.ZERO;
    String message;
    @Nullable String code;
    @Nullable String apiMessage;
    @Nullable String traceId;
    List<ValidationError> errors = List.of();
    @Nullable Object answer;
    /** Where the walk goes on, when this was a page of one. */
    @Nullable Page page;
    /** What became of the customers, when this was a piece of a bulk. */
    @Nullable Piece piece;

    /**
     * Where a walk is behind a page.
     *
     * @param cursor the id of the last customer that came, or null
     * @param last whether there is no page behind it
     */
    record Page(@Nullable String cursor, boolean last) {}

    /**
     * How a piece of a bulk ended.
     *
     * @param became for each of its customers the place in the answer, or one of two negative numbers
     * @param goesOn whether the library keeps more pieces to send
     */
    record Piece(int[] became, boolean goesOn) {}

    static Completion of(Status status, String message) {
        Completion completion = new Completion();
        completion.status = status;
        completion.message = message;
        return completion;
    }

    /** The same, of a request that was accepted and whose end the library did not say, or not in a way that can be read. */
    static Completion lost(Status status, String message) {
        Completion completion = of(status, message);
        completion.sent = Sent.MAYBE;
        return completion;
    }

    static Completion unreadable() {
        return lost(Status.INTERNAL, "an answer could not be read; please report it");
    }

    /** What a failed call into the library means. */
    static Completion ofFailure(long number) {
        if (number == Native.QUEUE_FULL) {
            return of(Status.QUEUE_FULL,
                    "as many requests are outstanding as the client allows: take completions faster, or raise maxOutstanding");
        }
        if (number == Native.SHUTDOWN || number == Native.INVALID_HANDLE) {
            return closed();
        }
        if (number == Native.NO_API_KEY) {
            return of(Status.NO_API_KEY, "this operation needs an API key; the client was built without one");
        }
        if (number == Native.RESOURCES) {
            return of(Status.RESOURCES,
                    "there is no memory for it, the system starts no thread, or 255 clients exist already");
        }
        return of(Status.INTERNAL, switch ((int) number) {
            case (int) Native.FORKED -> "this process was forked from the one that made the client";
            default -> "a fault inside paynow-bridge was contained; please report it";
        });
    }

    static Completion closed() {
        return of(Status.CLOSED, CLOSED);
    }

    /** Closing did not wait without end for the library to say how this request ended. */
    static Completion closedMeanwhile() {
        return lost(Status.CLOSED, CLOSED);
    }

    CallDetails details() {
        return new CallDetails(operation, status, httpStatus, attempts, sent, source, queued, network);
    }

    PayNowException exception() {
        return switch (status) {
            case QUEUE_FULL -> new PayNowException.QueueFull(this);
            case CLOSED -> new PayNowException.Closed(this);
            case NO_API_KEY -> new PayNowException.MissingApiKey(this);
            case TIMEOUT -> new PayNowException.Timeout(this);
            case CANCELLED -> new PayNowException.Cancelled(this);
            case RESOLVE, CONNECT, TLS, TRANSPORT -> new PayNowException.Transport(this);
            case RESPONSE_TOO_LARGE, INVALID_RESPONSE -> new PayNowException.InvalidResponse(this);
            case UNAVAILABLE -> new PayNowException.Unavailable(this);
            case RESOURCES -> new PayNowException.Resources(this);
            case RATE_LIMITED -> new PayNowException.RateLimited(this);
            case UNAUTHORIZED, FORBIDDEN, NOT_FOUND, CONFLICT, API, SERVER -> new PayNowException.Api(this);
            default -> new PayNowException.Internal(this);
        };
    }
}
