package org.bukkit.event.player;

import java.net.InetAddress;
import java.util.UUID;
import org.bukkit.event.Event;

/** A player is about to log in; on a thread of its own. */
public class AsyncPlayerPreLoginEvent extends Event {
    private final String name;
    private final UUID uniqueId;
    private Result result = Result.ALLOWED;

    public AsyncPlayerPreLoginEvent(String name, InetAddress ipAddress, UUID uniqueId) {
        this.name = name;
        this.uniqueId = uniqueId;
    }

    public String getName() {
        return name;
    }

    public UUID getUniqueId() {
        return uniqueId;
    }

    public Result getLoginResult() {
        return result;
    }

    public void disallow(Result result, String message) {
        this.result = result;
    }

    /** Whether they may. */
    public enum Result {
        ALLOWED,
        KICK_FULL,
        KICK_BANNED,
        KICK_WHITELIST,
        KICK_OTHER
    }
}
