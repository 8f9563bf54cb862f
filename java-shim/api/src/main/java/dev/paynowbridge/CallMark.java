package dev.paynowbridge;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * A point in the order of calls: each was made before it or after it. Tells the calls of two sessions of one player apart, see
 * {@link PayNowClient#cancelAll(java.util.UUID, CallMark)}.
 */
public final class CallMark {
    /** For all clients, so that a mark outlives the client it was set on. */
    private static final AtomicInteger LAST = new AtomicInteger();

    private final int number;

    private CallMark(int number) {
        this.number = number;
    }

    /**
     * Sets a mark now.
     *
     * @return the mark
     */
    public static CallMark now() {
        return new CallMark(LAST.incrementAndGet());
    }

    /** The mark that was set last, for a call that is made. */
    static int last() {
        return LAST.get();
    }

    /** Whether a call was made before this, by the mark that had been set last at that time. */
    boolean isAfter(int last) {
        return last - number < 0;
    }
}
