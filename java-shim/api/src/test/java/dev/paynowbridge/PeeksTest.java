package dev.paynowbridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What was peeked at last is found by its key, and by no other. */
class PeeksTest {
    private static final int PLACES = 2048;

    private final Peeks peeks = new Peeks();

    private Peeks.Seen put(long key, long number) {
        Peeks.Seen seen = new Peeks.Seen(key, number, Optional.empty());
        peeks.put(seen);
        return seen;
    }

    @Test
    void twoThatSharePlacesAreKeptAndOfThreeTheOldestGoes() {
        assertSame(Peeks.Seen.NOTHING, peeks.at(0));
        Peeks.Seen first = put(5, 1);
        Peeks.Seen second = put(5 + PLACES, 2);
        assertSame(first, peeks.at(5));
        assertSame(second, peeks.at(5 + PLACES));
        assertSame(Peeks.Seen.NOTHING, peeks.at(5 + 2 * PLACES));
        Peeks.Seen third = put(5 + 2 * PLACES, 3);
        assertSame(Peeks.Seen.NOTHING, peeks.at(5));
        assertSame(second, peeks.at(5 + PLACES));
        assertSame(third, peeks.at(5 + 2 * PLACES));
    }

    @Test
    void anotherAnswerTakesThePlaceOfTheOneBefore() {
        put(5, 1);
        put(5 + PLACES, 2);
        Peeks.Seen third = put(5, 3);
        assertSame(third, peeks.at(5));
        assertEquals(2, peeks.at(5 + PLACES).number());
        Peeks.Seen fourth = put(5, 4);
        assertSame(fourth, peeks.at(5));
        assertEquals(2, peeks.at(5 + PLACES).number());
    }

    @Test
    void keysOfIdsThatCountUpSpread() {
        Set<Long> places = new HashSet<>();
        for (long id = 1; id <= 200; id++) {
            places.add(Peeks.key(id << 32 | 0x4000, 0x8000_0000_0000_0000L | id) & PLACES - 1);
            places.add(Peeks.key(0, id) & PLACES - 1);
        }
        // By chance 400 keys have some 365.
        assertTrue(places.size() > 340, places.size() + " places");
    }
}
