package dev.paynowbridge.common;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.logging.Logger;

/** Tells the owner, in the log, why commands of players fail: each reason once in a while. Any thread. */
final class PlayerFailures {
    private static final long AGAIN_NANOS = Duration.ofMinutes(5).toNanos();

    private final Messages messages;
    private final Logger log;
    private final LongSupplier nanoTime;
    private final Map<String, Long> told = new HashMap<>();

    PlayerFailures(Messages messages, Logger log, LongSupplier nanoTime) {
        this.messages = messages;
        this.log = log;
        this.nanoTime = nanoTime;
    }

    void note(Throwable failure) {
        List<Line> lines = Explanations.forOwner(failure);
        if (Explanations.isOwnersBusiness(failure) && isDue(lines.get(0).key())) {
            String record = messages.record(lines);
            if (!record.isEmpty()) {
                log.warning("A player's command failed: " + record);
            }
        }
    }

    private synchronized boolean isDue(String key) {
        long now = nanoTime.getAsLong();
        Long last = told.get(key);
        if (last != null && now - last < AGAIN_NANOS) {
            return false;
        }
        told.put(key, now);
        return true;
    }
}
