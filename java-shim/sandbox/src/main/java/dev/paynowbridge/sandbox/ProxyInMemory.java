package dev.paynowbridge.sandbox;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.BooleanSupplier;

/**
 * A proxy without a network: it loads plugins, and has players who only listen.
 *
 * @param <P> a player
 * @param <S> a session of one, as the proxy knows it
 */
public interface ProxyInMemory<P extends Receiver, S> extends AutoCloseable {
    /** How long something may take to happen. */
    Duration PATIENCE = Duration.ofSeconds(30);

    /** In which the plugins' folders are. */
    Path folder();

    /** Loads a plugin from its jar when the proxy starts, after those that were added before. */
    void add(Path jar) throws IOException, ReflectiveOperationException;

    /** As if there were another plugin of this name. */
    void pretend(String name, String version) throws IOException;

    /** Starts the plugins. */
    void start();

    /** The main class of a plugin that runs. */
    Object plugin(String name);

    /** The console, which may everything. */
    Receiver console();

    /** What the log has so far. */
    String log();

    /** Where else something may have been logged. */
    default String otherLog() {
        return "";
    }

    /** Logs a player in; null when a plugin refuses it. */
    S join(P player, UUID id, boolean onlineMode);

    /** A session ends. */
    void quit(S session);

    /** Gives a command as the console does; false where there is no such command. */
    boolean dispatch(String line);

    /** Gives a command as a player does. */
    boolean dispatch(S session, String line);

    /** What is proposed to the console for the last word. */
    List<String> complete(String line);

    /** Waits until something is so. */
    default void until(BooleanSupplier condition, String what) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("never: " + what + "\nlog:\n" + log() + otherLog());
            }
            Thread.onSpinWait();
        }
    }

    @Override
    void close() throws IOException;
}
