package org.bukkit.entity;

import java.util.UUID;
import org.bukkit.Server;
import org.bukkit.command.CommandSender;

/** A player who is, or was, on the server. */
public interface Player extends CommandSender {
    UUID getUniqueId();

    Server getServer();

    boolean isOnline();

    boolean canSee(Player player);
}
