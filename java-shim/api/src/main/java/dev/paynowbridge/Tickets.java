package dev.paynowbridge;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Which future a completion belongs to. A fixed number of places, so that a host that completes nothing meets a full queue
 * instead of growing memory; a stack without a lock hands them out, so that submitting does not wait.
 */
final class Tickets {
    static final int NONE = -1;

    private final AtomicReferenceArray<PayNowFuture<?>> futures;
    /** By place: the free place below it, plus one. */
    private final AtomicIntegerArray below;
    /** The free place on top plus one, and above that a count that tells two equal tops apart. */
    private final AtomicLong top = new AtomicLong();

    Tickets(int places) {
        futures = new AtomicReferenceArray<>(places);
        below = new AtomicIntegerArray(places);
        for (int place = 0; place < places; place++) {
            below.setPlain(place, place + 2 > places ? 0 : place + 2);
        }
        top.set(places == 0 ? 0 : 1);
    }

    int take(PayNowFuture<?> future) {
        while (true) {
            long word = top.get();
            int place = (int) word - 1;
            if (place < 0) {
                return NONE;
            }
            if (top.compareAndSet(word, counted(word, below.get(place)))) {
                // The future is read by the thread that finds it in its place.
                future.setTicket(place);
                futures.set(place, future);
                return place;
            }
        }
    }

    @Nullable PayNowFuture<?> get(int ticket) {
        return ticket < 0 || ticket >= futures.length() ? null : futures.get(ticket);
    }

    /** Gives a place back. The taker does this once. */
    void release(int ticket) {
        futures.set(ticket, null);
        while (true) {
            long word = top.get();
            below.set(ticket, (int) word);
            if (top.compareAndSet(word, counted(word, ticket + 1))) {
                return;
            }
        }
    }

    private static long counted(long word, int place) {
        return (word >>> 32) + 1 << 32 | place;
    }

    void forEach(Consumer<PayNowFuture<?>> visit) {
        for (int place = 0; place < futures.length(); place++) {
            PayNowFuture<?> future = futures.get(place);
            if (future != null) {
                visit.accept(future);
            }
        }
    }
}
