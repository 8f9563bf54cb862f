package dev.paynowbridge;

import java.util.function.BooleanSupplier;

/** Which threads must not wait for a future, and why. */
final class HostThreads {
    private static final String TICK = "this thread runs the game's ticks: waiting here for PayNow would freeze the server. "
            + "Attach what is to happen with thenAccept(…) or whenComplete(…) instead, "
            + "through client.on(tickExecutor) if it has to run on this thread";
    private static final String COMPLETIONS = "this thread completes all futures of the client: one it waits for would never "
            + "complete. Chain it with thenCompose(…), or use client.on(executor)";

    /**
     * Holds what is wrong with waiting on a thread. The value is a string and the key is only weakly held by its thread, so
     * a host's thread does not keep the class loader of this class alive.
     */
    private static final ThreadLocal<String> REASON = new ThreadLocal<>();

    private HostThreads() {}

    static void markTick() {
        REASON.set(TICK);
    }

    static void markCompletions() {
        REASON.set(COMPLETIONS);
    }

    static void unmark() {
        REASON.remove();
    }

    /** Throws on a thread that must not wait: one that was marked, or of which the host says that it ticks. */
    static void mayWait(BooleanSupplier ticks) {
        String reason = REASON.get();
        if (reason == null && isTick(ticks)) {
            reason = TICK;
        }
        if (reason != null) {
            throw new IllegalStateException(reason);
        }
    }

    private static boolean isTick(BooleanSupplier ticks) {
        try {
            return ticks != null && ticks.getAsBoolean();
        } catch (RuntimeException | LinkageError e) {
            // A host that cannot tell has not said that it ticks here.
            return false;
        }
    }
}
