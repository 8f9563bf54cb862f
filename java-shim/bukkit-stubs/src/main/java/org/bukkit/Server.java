package org.bukkit;

import java.util.Collection;
import java.util.UUID;
import org.bukkit.entity.Player;
import org.bukkit.plugin.PluginManager;
import org.bukkit.plugin.ServicesManager;
import org.bukkit.scheduler.BukkitScheduler;

/** A running server. */
public interface Server {
    Collection<? extends Player> getOnlinePlayers();

    Player getPlayerExact(String name);

    Player getPlayer(UUID id);

    boolean getOnlineMode();

    boolean isPrimaryThread();

    PluginManager getPluginManager();

    BukkitScheduler getScheduler();

    ServicesManager getServicesManager();
}
