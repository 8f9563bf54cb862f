package org.bukkit.plugin;

/** What plugins do for each other. */
public interface ServicesManager {
    <T> void register(Class<T> service, T provider, Plugin plugin, ServicePriority priority);

    void unregister(Object provider);

    <T> T load(Class<T> service);
}
