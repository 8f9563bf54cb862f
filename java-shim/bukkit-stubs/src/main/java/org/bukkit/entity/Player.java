package org.bukkit.entity;

import java.util.UUID;
import org.bukkit.OfflinePlayer;
import org.bukkit.Server;
import org.bukkit.command.CommandSender;

/** A player who is, or was, on the server. */
public interface Player extends CommandSender, OfflinePlayer {
    @Override
    UUID getUniqueId();

    Server getServer();

    @Override
    boolean isOnline();

    boolean canSee(Player player);
}
