package dev.paynowbridge.common;

import dev.paynowbridge.CallMark;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.LongSupplier;

/**
 * Who is logging in. A player may do so while an older session of theirs is on the server, which quits only then: what was begun
 * since for the new one is not the old one's to cancel. Any thread.
 */
final class Sessions {
    /** A login that has not become a session by then never will. */
    private static final long LONGEST_NANOS = Duration.ofMinutes(1).toNanos();
    /** More at a time: the oldest are forgotten. */
    private static final int MOST = 10_000;

    private final LongSupplier nanoTime;
    private final Map<UUID, Login> logins = new LinkedHashMap<>();

    private record Login(CallMark mark, long at) {}

    Sessions(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    synchronized void began(UUID id) {
        logins.remove(id);
        if (logins.size() >= MOST) {
            logins.remove(logins.keySet().iterator().next());
        }
        logins.put(id, new Login(CallMark.now(), nanoTime.getAsLong()));
    }

    /** The login was refused, or has become the player's only session. */
    synchronized void ended(UUID id) {
        logins.remove(id);
    }

    /** When the session began that goes on; empty when none does. */
    synchronized Optional<CallMark> newerThanTheOneThatQuits(UUID id) {
        Login login = logins.get(id);
        return login == null || nanoTime.getAsLong() - login.at() > LONGEST_NANOS
                ? Optional.empty()
                : Optional.of(login.mark());
    }
}
