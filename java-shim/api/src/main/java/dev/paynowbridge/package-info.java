/**
 * Talk to a PayNow store from a game server without ever making the game wait.
 *
 * <p>Start with {@link dev.paynowbridge.PayNowClient#builder(String)}. Every operation returns at once with a
 * {@link dev.paynowbridge.PayNowFuture}, which is a {@link java.util.concurrent.CompletableFuture}; the work is done on
 * threads of a native library that the JVM never sees.
 */
@NullMarked
package dev.paynowbridge;

import org.jspecify.annotations.NullMarked;
