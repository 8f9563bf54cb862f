package com.velocitypowered.api.proxy;

import com.velocitypowered.api.command.CommandManager;
import com.velocitypowered.api.event.EventManager;
import com.velocitypowered.api.plugin.PluginManager;
import com.velocitypowered.api.proxy.config.ProxyConfig;
import com.velocitypowered.api.scheduler.Scheduler;
import java.util.Collection;
import java.util.Optional;
import java.util.UUID;

public interface ProxyServer {
    Optional<Player> getPlayer(String username);

    Optional<Player> getPlayer(UUID uuid);

    Collection<Player> getAllPlayers();

    PluginManager getPluginManager();

    EventManager getEventManager();

    CommandManager getCommandManager();

    Scheduler getScheduler();

    ProxyConfig getConfiguration();
}
