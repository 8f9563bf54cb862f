package dev.paynowbridge;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * What was peeked at last: an answer that is still the same does not cross again and takes no new object. Whether it is the same,
 * the library says each time. Any thread; where two write at once, one is forgotten, which costs a crossing.
 */
final class Peeks {
    /** A power of two. As many customers are kept at most. */
    private static final int PLACES = 2048;

    private final AtomicReferenceArray<Seen> places = new AtomicReferenceArray<>(PLACES);

    /**
     * An answer.
     *
     * @param key by what it was looked up
     * @param number the library's number of it, which no other answer of the client has
     * @param remembered what a peek returns
     */
    record Seen(long key, long number, Optional<Remembered> remembered) {
        static final Seen NOTHING = new Seen(0, 0, Optional.empty());
    }

    /** A key of two numbers. Hardly any two have the same, not even of ids that count up; where they do, the library tells. */
    static long key(long high, long low) {
        long mixed = high * 0x9E3779B97F4A7C15L + low * 0xC2B2AE3D27D4EB4FL;
        mixed = (mixed ^ mixed >>> 32) * 0xD6E8FEB86659FD93L;
        return mixed ^ mixed >>> 32;
    }

    Seen at(long key) {
        int place = place(key);
        Seen seen = places.getAcquire(place);
        if (seen != null && seen.key == key) {
            return seen;
        }
        seen = places.getAcquire(place ^ 1);
        return seen != null && seen.key == key ? seen : Seen.NOTHING;
    }

    /** Of two that were in the place of this one and beside it, the older goes. */
    void put(Seen seen) {
        int place = place(seen.key);
        Seen before = places.getAcquire(place);
        if (before != null && before.key != seen.key) {
            places.setRelease(place ^ 1, before);
        }
        places.setRelease(place, seen);
    }

    private static int place(long key) {
        return (int) key & PLACES - 1;
    }
}
