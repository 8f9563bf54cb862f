package inmemory;

import io.papermc.paper.threadedregions.scheduler.GlobalRegionScheduler;
import io.papermc.paper.threadedregions.scheduler.ScheduledTask;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.bukkit.plugin.Plugin;
import org.bukkit.scheduler.BukkitScheduler;

/** A server with regions, as Folia: no main thread for players, and no old scheduler. */
public final class RegionServer extends MemoryServer {
    volatile Thread regionThread;
    final ExecutorService region = Executors.newSingleThreadExecutor(task -> {
        regionThread = new Thread(task, "region");
        return regionThread;
    });

    @Override
    MemoryPlayer player(String name, UUID id, boolean op) {
        return new RegionPlayer(this, name, id, op);
    }

    public GlobalRegionScheduler getGlobalRegionScheduler() {
        return new GlobalRegionScheduler() {
            @Override
            public void execute(Plugin plugin, Runnable run) {
                requireEnabled(plugin);
                later(run);
            }

            @Override
            public ScheduledTask runAtFixedRate(Plugin plugin, Consumer<ScheduledTask> task, long delay, long period) {
                ScheduledTask scheduled = new ScheduledTask() {};
                repeat(plugin, () -> task.accept(scheduled), delay, period);
                return scheduled;
            }
        };
    }

    @Override
    public BukkitScheduler getScheduler() {
        throw new UnsupportedOperationException("there is no main thread");
    }

    @Override
    public void dispatch(MemorySender sender, String line) {
        if (!(sender instanceof RegionPlayer)) {
            super.dispatch(sender, line);
            return;
        }
        try {
            region.submit(() -> super.dispatch(sender, line)).get();
        } catch (InterruptedException | ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    /** Regions tick on threads of their own. */
    @Override
    public boolean isPrimaryThread() {
        return Thread.currentThread() == regionThread || super.isPrimaryThread();
    }

    /** Runs something in the region. */
    public <T> T inRegion(Callable<T> task) {
        try {
            return region.submit(task).get();
        } catch (InterruptedException | ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        super.close();
        region.shutdownNow();
    }
}
