package org.bukkit.plugin;

import org.bukkit.event.Listener;

/** Keeps the plugins. */
public interface PluginManager {
    void registerEvents(Listener listener, Plugin plugin);
}
