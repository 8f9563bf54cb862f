package org.bukkit.entity;

import java.util.UUID;
import org.bukkit.command.CommandSender;

/** A player who is, or was, on the server. */
public interface Player extends CommandSender {
    UUID getUniqueId();

    boolean isOnline();

    boolean canSee(Player player);
}
