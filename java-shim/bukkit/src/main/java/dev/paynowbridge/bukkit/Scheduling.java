package dev.paynowbridge.bukkit;

import org.bukkit.command.CommandSender;
import org.bukkit.entity.Player;
import org.bukkit.plugin.Plugin;
import org.jspecify.annotations.Nullable;

/** Gets a task onto the thread that may speak to somebody. Any thread may ask. */
interface Scheduling {
    /**
     * Runs a task on the thread of a receiver. Not at all when the receiver has left by then, or the plugin is disabled.
     *
     * @param receiver who is spoken to
     * @param task what to do
     */
    void run(CommandSender receiver, Runnable task);

    /**
     * Runs a task in each tick from now on, until the server takes it off: when the plugin is disabled.
     *
     * @param task what to do
     */
    void eachTick(Runnable task);

    /** By what the server can do, not by what it is called. */
    static Scheduling of(Plugin plugin) {
        @Nullable Scheduling regions = RegionScheduling.find(plugin);
        return regions == null ? new MainThreadScheduling(plugin) : regions;
    }

    /** Whether the receiver has left. */
    static boolean hasLeft(CommandSender receiver) {
        return receiver instanceof Player player && !player.isOnline();
    }
}
