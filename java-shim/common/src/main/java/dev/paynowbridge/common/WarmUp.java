package dev.paynowbridge.common;

import dev.paynowbridge.PayNowOperations;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/**
 * Looks players up while they log in, so that they are known when they are there. Anybody can log in, thousands of times: so
 * this has a small budget of its own, and what the API allows is left to commands. Any thread.
 */
final class WarmUp {
    /** How many may be under way; a store that is slow must not gather them. */
    private static final int MOST_UNDER_WAY = 4;
    private static final long MINUTE = Duration.ofMinutes(1).toNanos();

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

    void lookUp(PayNowOperations paynow, Identity identity) {
        if (paynow.peek(identity.key()).isPresent() || !take()) {
            return;
        }
        if (underWay.incrementAndGet() > MOST_UNDER_WAY) {
            underWay.decrementAndGet();
            return;
        }
        boolean asked = false;
        try {
            paynow.inBackground().lookupCustomer(identity.key()).whenComplete((found, failure) -> underWay.decrementAndGet());
            asked = true;
        } finally {
            if (!asked) {
                underWay.decrementAndGet();
            }
        }
    }

    private synchronized boolean take() {
        long now = nanoTime.getAsLong();
        saved = Math.min(MINUTE, saved + Math.max(0, now - last));
        last = now;
        long cost = MINUTE / perMinute;
        if (saved < cost) {
            return false;
        }
        saved -= cost;
        return true;
    }
}
