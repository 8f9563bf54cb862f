package dev.paynowbridge.example;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/** So many a minute for each player, whether they leave and come back or not: codes must not be guessed. */
final class Allowance {
    private static final long MINUTE = Duration.ofMinutes(1).toNanos();

    private final int most;
    private final Map<UUID, Integer> taken = new HashMap<>();
    private long began = System.nanoTime();

    Allowance(int most) {
        this.most = most;
    }

    /** False when this player has had all of this minute's. Any thread. */
    synchronized boolean take(UUID player) {
        long now = System.nanoTime();
        if (now - began >= MINUTE) {
            began = now;
            taken.clear();
        }
        return taken.merge(player, 1, Integer::sum) <= most;
    }
}
