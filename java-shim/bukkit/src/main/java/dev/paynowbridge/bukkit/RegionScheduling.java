package dev.paynowbridge.bukkit;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.function.Consumer;
import org.bukkit.Server;
import org.bukkit.command.CommandSender;
import org.bukkit.entity.Player;
import org.bukkit.plugin.Plugin;
import org.jspecify.annotations.Nullable;

/** Servers on which each player has the thread of their region: Folia, and Paper, which offers the same methods. */
final class RegionScheduling implements Scheduling {
    private static final String PACKAGE = "io.papermc.paper.threadedregions.scheduler.";
    private static final long AT_ONCE = 1;
    private static final long EACH_TICK = 1;

    private final Plugin plugin;
    private final Method globalScheduler;
    private final Method executeGlobally;
    private final Method repeatGlobally;
    private final Method executeForEntity;

    private RegionScheduling(
            Plugin plugin, Method globalScheduler, Method executeGlobally, Method repeatGlobally, Method executeForEntity) {
        this.plugin = plugin;
        this.globalScheduler = globalScheduler;
        this.executeGlobally = executeGlobally;
        this.repeatGlobally = repeatGlobally;
        this.executeForEntity = executeForEntity;
    }

    /** Null where the server has no such methods. */
    static @Nullable RegionScheduling find(Plugin plugin) {
        Server server = plugin.getServer();
        ClassLoader loader = server.getClass().getClassLoader();
        try {
            Class<?> global = Class.forName(PACKAGE + "GlobalRegionScheduler", false, loader);
            Class<?> entity = Class.forName(PACKAGE + "EntityScheduler", false, loader);
            return new RegionScheduling(
                    plugin,
                    getter(Server.class, server, "getGlobalRegionScheduler"),
                    global.getMethod("execute", Plugin.class, Runnable.class),
                    global.getMethod("runAtFixedRate", Plugin.class, Consumer.class, long.class, long.class),
                    entity.getMethod("execute", Plugin.class, Runnable.class, Runnable.class, long.class));
        } catch (ReflectiveOperationException absent) {
            return null;
        }
    }

    /** From the API's interface if that has it: the class behind it need not be public. */
    private static Method getter(Class<?> type, Object instance, String name) throws NoSuchMethodException {
        try {
            return type.getMethod(name);
        } catch (NoSuchMethodException e) {
            return instance.getClass().getMethod(name);
        }
    }

    /** Of the region that is none: each has its own ticks, all of the same length. */
    @Override
    public void eachTick(Runnable task) {
        Consumer<Object> ignoringItself = scheduled -> task.run();
        try {
            repeatGlobally.invoke(globalScheduler.invoke(plugin.getServer()), plugin, ignoringItself, EACH_TICK, EACH_TICK);
        } catch (InvocationTargetException e) {
            throw new IllegalStateException("the server's scheduler fails", e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("the server's scheduler cannot be called", e);
        }
    }

    @Override
    public void run(CommandSender receiver, Runnable task) {
        if (!plugin.isEnabled()) {
            return;
        }
        try {
            if (receiver instanceof Player player) {
                Object scheduler = getter(Player.class, player, "getScheduler").invoke(player);
                Runnable left = () -> {};
                executeForEntity.invoke(
                        scheduler, plugin,
                        (Runnable) () -> {
                            if (!Scheduling.hasLeft(receiver)) {
                                task.run();
                            }
                        },
                        left, AT_ONCE);
            } else {
                executeGlobally.invoke(globalScheduler.invoke(plugin.getServer()), plugin, task);
            }
        } catch (InvocationTargetException e) {
            // Disabled between the question and the call: then the server takes no tasks of this plugin.
            if (plugin.isEnabled()) {
                throw new IllegalStateException("the server's scheduler fails", e.getCause());
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("the server's scheduler cannot be called", e);
        }
    }
}
