package dev.paynowbridge.common;

import dev.paynowbridge.Operation;
import dev.paynowbridge.PayNowException;
import dev.paynowbridge.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Puts a failure into lines of messages.yml: the reason for owners, what it means for players. */
final class Explanations {
    private static final Duration SOON = Duration.ofSeconds(5);

    private Explanations() {}

    static Throwable cause(Throwable failure) {
        return PayNowException.unwrap(failure);
    }

    /** Whether it happened because the answer is no longer needed. */
    static boolean isSilent(Throwable failure) {
        return PayNowException.isCancellation(failure);
    }

    /** Whether it is this plugin's own fault, and belongs into the log. */
    static boolean isFault(Throwable failure) {
        Throwable known = cause(failure);
        return known instanceof PayNowException.Internal
                || !(known instanceof PayNowException || known instanceof IllegalArgumentException);
    }

    /** Whether the owner can do something about it. */
    static boolean isOwnersBusiness(Throwable failure) {
        return cause(failure) instanceof PayNowException known
                && !isTokens(known)
                && known.status() != Status.CLOSED
                && known.status() != Status.INTERNAL;
    }

    static List<Line> forOwner(Throwable failure) {
        Throwable known = cause(failure);
        if (known instanceof PayNowException refusal) {
            List<Line> lines = new ArrayList<>();
            String key = key(refusal);
            lines.add(new Line(
                    "error." + key,
                    "detail", refusal.apiMessage().orElse(refusal.getMessage()),
                    "wait", wait(refusal)));
            if (key.equals("unauthorized") || key.startsWith("forbidden")) {
                refusal.apiMessage().ifPresent(words -> lines.add(new Line("error.api-says", "detail", words)));
            }
            refusal.traceId().ifPresent(trace -> lines.add(new Line("error.trace", "trace", trace)));
            return lines;
        }
        if (known instanceof IllegalArgumentException) {
            return List.of(new Line("error.argument", "detail", known.getMessage()));
        }
        return List.of(new Line("error.internal"));
    }

    static Line forPlayer(Throwable failure) {
        Throwable known = cause(failure);
        if (known instanceof IllegalArgumentException) {
            return new Line("player.invalid");
        }
        if (!(known instanceof PayNowException refusal)) {
            return new Line("player.fault");
        }
        return switch (refusal.status()) {
            case RATE_LIMITED, QUEUE_FULL -> new Line("player.busy", "wait", wait(refusal));
            case CLOSED -> new Line("player.again");
            case UNAUTHORIZED -> new Line(isTokens(refusal) ? "player.again" : "player.unreachable");
            case INTERNAL -> new Line("player.fault");
            case CONFLICT, API, NOT_FOUND -> new Line("player.refused");
            default -> new Line("player.unreachable");
        };
    }

    private static long wait(PayNowException refusal) {
        // Rounded up: a moment too early would be refused again.
        return Math.max(1, refusal.retryAfter().orElse(SOON).plusMillis(999).toSeconds());
    }

    /** Gift cards are looked up with a customer's token: that one was refused, not the key. */
    private static boolean isTokens(PayNowException refusal) {
        return refusal.status() == Status.UNAUTHORIZED
                && refusal.operation().filter(Operation.LOOKUP_GIFTCARD::equals).isPresent();
    }

    private static String key(PayNowException refusal) {
        return switch (refusal.status()) {
            case UNAUTHORIZED -> isTokens(refusal) ? "token" : "unauthorized";
            case FORBIDDEN -> refusal.operation()
                    .filter(asked -> asked == Operation.CREATE_CUSTOMER_TOKEN
                            || asked == Operation.TOKEN_FOR
                            || asked == Operation.INVALIDATE_CUSTOMER_TOKENS)
                    .isPresent() ? "forbidden-tokens" : "forbidden";
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
            case RESOURCES -> "resources";
            case INVALID_RESPONSE, RESPONSE_TOO_LARGE -> "invalid-response";
            case SERVER -> "server";
            case NOT_FOUND -> "not-found";
            case CONFLICT, API -> "api";
            case OK, CANCELLED, INTERNAL, NATIVE_LOAD -> "internal";
        };
    }
}
