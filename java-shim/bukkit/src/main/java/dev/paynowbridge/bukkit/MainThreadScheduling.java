package dev.paynowbridge.bukkit;

import org.bukkit.command.CommandSender;
import org.bukkit.plugin.Plugin;

/** Servers with one main thread. */
final class MainThreadScheduling implements Scheduling {
    private final Plugin plugin;

    MainThreadScheduling(Plugin plugin) {
        this.plugin = plugin;
    }

    @Override
    public void eachTick(Runnable task) {
        plugin.getServer().getScheduler().runTaskTimer(plugin, task, 1, 1);
    }

    @Override
    public void run(CommandSender receiver, Runnable task) {
        if (!plugin.isEnabled()) {
            return;
        }
        try {
            plugin.getServer().getScheduler().runTask(plugin, () -> {
                if (!Scheduling.hasLeft(receiver)) {
                    task.run();
                }
            });
        } catch (RuntimeException e) {
            // Disabled between the question and the call: then the server takes no tasks of this plugin.
            if (plugin.isEnabled()) {
                throw e;
            }
        }
    }
}
