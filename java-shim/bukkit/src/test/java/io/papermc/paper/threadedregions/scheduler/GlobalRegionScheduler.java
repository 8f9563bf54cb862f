package io.papermc.paper.threadedregions.scheduler;

import java.util.function.Consumer;
import org.bukkit.plugin.Plugin;

/** As on Folia, as far as the plugin uses it. */
public interface GlobalRegionScheduler {
    void execute(Plugin plugin, Runnable run);

    ScheduledTask runAtFixedRate(Plugin plugin, Consumer<ScheduledTask> task, long delay, long period);
}
