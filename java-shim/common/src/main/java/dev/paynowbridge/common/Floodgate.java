package dev.paynowbridge.common;

import java.lang.reflect.Method;
import java.util.Optional;
import java.util.UUID;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** What Floodgate knows of Bedrock players, where it is installed. Any thread. */
final class Floodgate {
    private static final String API = "org.geysermc.floodgate.api.FloodgateApi";
    private static final String PLAYER = "org.geysermc.floodgate.api.player.FloodgatePlayer";

    private final Method getInstance;
    private final Method getPrefix;
    private final Method getPlayer;
    private final Method getXuid;
    private final Method isLinked;

    private Floodgate(Class<?> api, Class<?> player) throws NoSuchMethodException {
        getInstance = api.getMethod("getInstance");
        getPrefix = api.getMethod("getPlayerPrefix");
        getPlayer = api.getMethod("getPlayer", UUID.class);
        getXuid = player.getMethod("getXuid");
        isLinked = player.getMethod("isLinked");
    }

    /**
     * A Bedrock player.
     *
     * @param xuid their XUID
     * @param linked whether they play as a Java account
     */
    record Bedrock(String xuid, boolean linked) {}

    /** Empty where it is not installed, or is not of version 2. */
    static Optional<Floodgate> find(ClassLoader loader, Logger log) {
        try {
            return Optional.of(new Floodgate(Class.forName(API, false, loader), Class.forName(PLAYER, false, loader)));
        } catch (ClassNotFoundException absent) {
            return Optional.empty();
        } catch (ReflectiveOperationException | LinkageError | RuntimeException e) {
            log.warning("Floodgate cannot be asked about Bedrock players: " + e);
            return Optional.empty();
        }
    }

    /** What it puts before names. */
    Optional<String> prefix() {
        return ask(api -> (String) getPrefix.invoke(api));
    }

    /** Empty for every player who does not come through it. */
    Optional<Bedrock> player(UUID id) {
        return ask(api -> {
            Object player = getPlayer.invoke(api, id);
            return player == null
                    ? null
                    : new Bedrock((String) getXuid.invoke(player), (Boolean) isLinked.invoke(player));
        });
    }

    /** Something to ask of it. */
    private interface Question<T> {
        @Nullable T of(Object api) throws ReflectiveOperationException;
    }

    /** Floodgate may be disabled at any time, or fail: then it knows nothing. */
    private <T> Optional<T> ask(Question<T> question) {
        try {
            Object api = getInstance.invoke(null);
            return api == null ? Optional.empty() : Optional.ofNullable(question.of(api));
        } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
            return Optional.empty();
        }
    }
}
