package dev.paynowbridge.common;

import dev.paynowbridge.Operation;
import dev.paynowbridge.PayNowException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** Puts a failure into lines of messages.yml. */
final class Explanations {
    private static final Duration SOON = Duration.ofSeconds(5);

    private Explanations() {}

    static Throwable cause(Throwable failure) {
        Throwable known = failure;
        while ((known instanceof CompletionException || known instanceof ExecutionException) && known.getCause() != null) {
            known = known.getCause();
        }
        return known;
    }

    /** Whether it happened because nobody wants to know any more. */
    static boolean isNoEvent(Throwable failure) {
        Throwable known = cause(failure);
        return known instanceof PayNowException.Cancelled || known instanceof CancellationException;
    }

    /** Whether it is this plugin's own fault, and belongs into the log. */
    static boolean isFault(Throwable failure) {
        Throwable known = cause(failure);
        return known instanceof PayNowException.Internal
                || !(known instanceof PayNowException || known instanceof IllegalArgumentException);
    }

    static List<Line> of(Throwable failure) {
        Throwable known = cause(failure);
        if (known instanceof PayNowException refusal) {
            Line line = new Line(
                    "error." + key(refusal),
                    "detail", refusal.apiMessage().orElse(refusal.getMessage()),
                    "wait", refusal.retryAfter().orElse(SOON).toSeconds());
            return refusal.traceId()
                    .map(trace -> List.of(line, new Line("error.trace", "trace", trace)))
                    .orElse(List.of(line));
        }
        if (known instanceof IllegalArgumentException) {
            return List.of(new Line("error.argument", "detail", known.getMessage()));
        }
        return List.of(new Line("error.internal"));
    }

    private static String key(PayNowException refusal) {
        return switch (refusal.status()) {
            // Gift cards are asked for with a customer's token.
            case UNAUTHORIZED -> refusal.operation().filter(Operation.LOOKUP_GIFTCARD::equals).isPresent()
                    ? "token"
                    : "unauthorized";
            case FORBIDDEN -> "forbidden";
            case TIMEOUT -> "timeout";
            case RESOLVE -> "resolve";
            case CONNECT -> "connect";
            case TLS -> "tls";
            case TRANSPORT -> "transport";
            case RATE_LIMITED -> "rate-limited";
            case UNAVAILABLE -> "unavailable";
            case QUEUE_FULL -> "queue-full";
            case CLOSED -> "closed";
            case NO_API_KEY -> "no-api-key";
            case INVALID_RESPONSE, RESPONSE_TOO_LARGE -> "invalid-response";
            case SERVER -> "server";
            case NOT_FOUND -> "not-found";
            case CONFLICT, API -> "api";
            case OK, CANCELLED, INTERNAL, NATIVE_LOAD -> "internal";
        };
    }
}
