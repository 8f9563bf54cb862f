package dev.paynowbridge;

import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A date as the server wrote it, and in milliseconds where it could be read. */
record Moment(String text, long milliseconds) {
    /** The least number there is: not a date. */
    private static final long UNKNOWN = Long.MIN_VALUE;

    static Optional<Instant> instant(@Nullable Moment moment) {
        return moment == null || moment.milliseconds == UNKNOWN
                ? Optional.empty()
                : Optional.of(Instant.ofEpochMilli(moment.milliseconds));
    }

    static Optional<String> text(@Nullable Moment moment) {
        return moment == null ? Optional.empty() : Optional.of(moment.text);
    }
}
