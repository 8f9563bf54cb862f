package inmemory;

import io.papermc.paper.threadedregions.scheduler.EntityScheduler;
import java.util.UUID;
import org.bukkit.plugin.IllegalPluginAccessException;

/** A player in a region with a thread of its own. */
public final class RegionPlayer extends MemoryPlayer {
    private final RegionServer regions;

    RegionPlayer(RegionServer server, String name, UUID id, boolean op) {
        super(server, name, id, op);
        regions = server;
    }

    public EntityScheduler getScheduler() {
        return (plugin, run, retired, delay) -> {
            if (!plugin.isEnabled()) {
                throw new IllegalPluginAccessException("the plugin is disabled");
            }
            if (!online) {
                return false;
            }
            regions.region.execute(online ? run : retired);
            return true;
        };
    }

    @Override
    boolean mayHearHere() {
        return Thread.currentThread() == regions.regionThread;
    }
}
