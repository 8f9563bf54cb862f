package dev.paynowbridge;

import org.jspecify.annotations.Nullable;

/**
 * Hears of what a handler threw that a host attached to a {@link PayNowFuture} ({@code thenAccept}, {@code whenComplete} and the
 * like). Otherwise only the stage made of it would know, which is often not kept.
 */
@FunctionalInterface
public interface HandlerFailures {
    /**
     * A handler failed. Called on the thread it ran on. What this throws is dropped.
     *
     * @param owner the name the call was tagged with ({@link PayNowOperations#tag(String)}), or null
     * @param handler the handler's class, whose class loader tells which plugin it belongs to
     * @param failure what it threw
     */
    void failed(@Nullable String owner, Class<?> handler, Throwable failure);
}
