package dev.paynowbridge.common;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Which session a quit belongs to. */
class SessionsTest {
    private static final UUID ANN = new UUID(1, 1);

    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5);
    private final Sessions sessions = new Sessions(now::get);

    private boolean isNewer() {
        return sessions.newerThanTheOneThatQuits(ANN).isPresent();
    }

    @Test
    void onlyALoginUnderWayIsANewerSession() {
        assertFalse(isNewer());
        sessions.began(ANN);
        assertTrue(isNewer());
        sessions.ended(ANN);
        assertFalse(isNewer(), "it has joined, or was refused");
        sessions.began(ANN);
        now.addAndGet(Duration.ofMinutes(1).toNanos());
        assertTrue(isNewer());
        now.addAndGet(1);
        assertFalse(isNewer(), "it never became a session");
    }

    @Test
    void manyLoginsCostBoundedMemory() {
        sessions.began(ANN);
        for (int i = 0; i < 10_000; i++) {
            sessions.began(new UUID(2, i));
        }
        assertFalse(isNewer(), "the oldest is forgotten");
    }
}
