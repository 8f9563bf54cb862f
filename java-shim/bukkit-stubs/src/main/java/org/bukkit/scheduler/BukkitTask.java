package org.bukkit.scheduler;

/** A task that was put into the queue. */
public interface BukkitTask {}
