package org.bukkit.plugin;

import org.bukkit.event.Listener;
import org.bukkit.permissions.Permission;

/** Keeps the plugins. */
public interface PluginManager {
    Plugin getPlugin(String name);

    Permission getPermission(String name);

    void addPermission(Permission perm);

    void registerEvents(Listener listener, Plugin plugin);
}
