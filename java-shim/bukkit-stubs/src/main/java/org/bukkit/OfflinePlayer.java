package org.bukkit;

import java.util.UUID;

/** A player who need not be on the server. */
public interface OfflinePlayer {
    boolean isOnline();

    UUID getUniqueId();
}
