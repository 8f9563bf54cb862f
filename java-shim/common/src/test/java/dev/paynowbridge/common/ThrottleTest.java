package dev.paynowbridge.common;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** The throttle by itself, with a clock of the test's own. */
class ThrottleTest {
    private static final UUID ANN = new UUID(1, 1);
    private static final UUID BOB = new UUID(2, 2);

    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5);
    private final Throttle throttle = new Throttle(now::get);

    private void limits(int perPlayer, int all) {
        throttle.limits(perPlayer, all, Duration.ofSeconds(10));
    }

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    @Test
    void eachPlayerHasSoMany() {
        limits(2, 100);
        assertNotNull(throttle.take(ANN));
        assertNotNull(throttle.take(ANN));
        assertNull(throttle.take(ANN));
        assertNotNull(throttle.take(BOB));
    }

    @Test
    void timeForgets() {
        limits(1, 100);
        assertNotNull(throttle.take(ANN));
        pass(Duration.ofSeconds(10).minusNanos(1));
        assertNull(throttle.take(ANN));
        pass(Duration.ofNanos(1));
        assertNotNull(throttle.take(ANN));
    }

    @Test
    void allTogetherHaveSoMany() {
        limits(5, 2);
        assertNotNull(throttle.take(ANN));
        assertNotNull(throttle.take(BOB));
        assertNull(throttle.take(ANN));
        pass(Duration.ofSeconds(10));
        assertNotNull(throttle.take(ANN));
    }

    @Test
    void whatIsGivenBackCountsNoMore() {
        limits(1, 1);
        Throttle.Guess guess = throttle.take(ANN);
        assertNull(throttle.take(ANN));
        throttle.giveBack(guess);
        assertNotNull(throttle.take(BOB));
        throttle.giveBack(guess);
        assertNull(throttle.take(ANN), "nothing is given back twice");
    }

    @Test
    void manyPlayersCostBoundedMemoryAndTheCommonLimitHolds() {
        limits(1, 20_000);
        for (int i = 0; i < 20_000; i++) {
            assertNotNull(throttle.take(new UUID(3, i)));
        }
        assertNull(throttle.take(new UUID(3, 0)));
    }
}
