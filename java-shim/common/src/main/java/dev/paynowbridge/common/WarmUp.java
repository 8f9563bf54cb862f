package dev.paynowbridge.common;

import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Looks players up while they log in and when a placeholder does not know them, so that they are known when they are there.
 * Anybody can log in, thousands of times: so this has a small budget of its own, and what the API allows is left to commands. Any
 * thread.
 */
final class WarmUp {
    /** How many may be under way; a store that is slow must not gather them. */
    private static final int MOST_UNDER_WAY = 4;
    private static final long MINUTE = Duration.ofMinutes(1).toNanos();
    /** What must be left for those of whom nothing is known yet. */
    private static final long FOR_NEW_ONES = MINUTE / 2;

    private final LongSupplier nanoTime;
    private final AtomicInteger underWay = new AtomicInteger();
    private long perMinute = 1;
    /** In nanoseconds of a minute: one look-up costs a minute divided by how many there may be. */
    private long saved = MINUTE;
    private long last;

    WarmUp(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        last = nanoTime.getAsLong();
    }

    /** What was spent stays spent. */
    synchronized void limit(int perMinute) {
        this.perMinute = perMinute;
    }

    /** {@code again}: an answer is known, and only old. Null when it is not asked for now. */
    @Nullable CompletionStage<?> lookUp(Memory memory, Identity identity, boolean again) {
        if (underWay.incrementAndGet() > MOST_UNDER_WAY || !take(again ? FOR_NEW_ONES : 0)) {
            underWay.decrementAndGet();
            return null;
        }
        CompletionStage<?> asked = null;
        try {
            asked = memory.lookUp(identity.key());
            asked.whenComplete((found, failure) -> underWay.decrementAndGet());
            return asked;
        } finally {
            if (asked == null) {
                underWay.decrementAndGet();
            }
        }
    }

    private synchronized boolean take(long leaving) {
        long now = nanoTime.getAsLong();
        saved = Math.min(MINUTE, saved + Math.max(0, now - last));
        last = now;
        long cost = MINUTE / perMinute;
        if (saved - leaving < cost) {
            return false;
        }
        saved -= cost;
        return true;
    }
}
