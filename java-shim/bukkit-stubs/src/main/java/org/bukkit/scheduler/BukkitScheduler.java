package org.bukkit.scheduler;

import org.bukkit.plugin.Plugin;

/** Runs tasks on the main thread. */
public interface BukkitScheduler {
    BukkitTask runTask(Plugin plugin, Runnable task) throws IllegalArgumentException;

    BukkitTask runTaskTimer(Plugin plugin, Runnable task, long delay, long period) throws IllegalArgumentException;
}
