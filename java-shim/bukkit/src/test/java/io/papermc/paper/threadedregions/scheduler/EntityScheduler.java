package io.papermc.paper.threadedregions.scheduler;

import org.bukkit.plugin.Plugin;

/** As on Folia, as far as the plugin uses it. */
public interface EntityScheduler {
    boolean execute(Plugin plugin, Runnable run, Runnable retired, long delay);
}
