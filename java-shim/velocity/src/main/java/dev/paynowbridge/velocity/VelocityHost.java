package dev.paynowbridge.velocity;

import com.velocitypowered.api.command.CommandSource;
import com.velocitypowered.api.plugin.PluginContainer;
import com.velocitypowered.api.proxy.Player;
import com.velocitypowered.api.proxy.ProxyServer;
import dev.paynowbridge.PayNowService;
import dev.paynowbridge.common.Host;
import dev.paynowbridge.common.Sender;
import dev.paynowbridge.common.Visitor;
import java.io.File;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.logging.Logger;

/** A proxy that speaks Velocity's API. */
final class VelocityHost implements Host {
    /** What the threads are called on which all that players send and receive passes. */
    private static final String NETTY = "Netty ";
    private static final String NAME = "PayNowBridge";
    /** The ids of other plugins, by the names they have on servers. */
    private static final Map<String, List<String>> IDS = Map.of(
            "PayNow", List.of("paynow-velocity", "paynow"),
            "MiniPlaceholders", List.of("miniplaceholders"),
            "LuckPerms", List.of("luckperms"));

    private final Object plugin;
    private final ProxyServer proxy;
    private final Logger log;
    private final File folder;
    private volatile boolean enabled = true;

    VelocityHost(Object plugin, ProxyServer proxy, Logger log, Path folder) {
        this.plugin = plugin;
        this.proxy = proxy;
        this.log = log;
        this.folder = folder.toFile();
    }

    /** From now on no task is run. */
    void disabled() {
        enabled = false;
    }

    @Override
    public String pluginName() {
        return NAME;
    }

    @Override
    public String command() {
        return CommandAdapter.NAME;
    }

    @Override
    public boolean isProxy() {
        return true;
    }

    @Override
    public Logger log() {
        return log;
    }

    @Override
    public File folder() {
        return folder;
    }

    @Override
    public boolean isEnabled() {
        return enabled;
    }

    @Override
    public boolean isOnlineMode() {
        return proxy.getConfiguration().isOnlineMode();
    }

    /** There is no tick, but a thread of the network that waits freezes every player on it. */
    @Override
    public boolean isTickThread() {
        return Thread.currentThread().getName().startsWith(NETTY);
    }

    @Override
    public Optional<String> otherPlugin(String name) {
        return IDS.getOrDefault(name, List.of(name)).stream()
                .flatMap(id -> proxy.getPluginManager().getPlugin(id).stream())
                .findFirst()
                .map(other -> other.getDescription().getVersion().orElse("unknown"));
    }

    /** It never ran on proxies. */
    @Override
    public boolean hasOldVersion() {
        return false;
    }

    @Override
    public Optional<String> ownerOf(Class<?> type) {
        for (PluginContainer other : proxy.getPluginManager().getPlugins()) {
            Object instance = other.getInstance().orElse(null);
            if (instance != null && instance.getClass().getClassLoader() == type.getClassLoader()) {
                return Optional.of(other.getDescription().getId());
            }
        }
        return Optional.empty();
    }

    @Override
    public Collection<Visitor> online() {
        return proxy.getAllPlayers().stream().map(VelocitySender::visitor).toList();
    }

    @Override
    public Optional<Visitor> online(String name) {
        return proxy.getPlayer(name).map(VelocitySender::visitor);
    }

    @Override
    public Optional<Visitor> online(UUID id) {
        return proxy.getPlayer(id).map(VelocitySender::visitor);
    }

    /** Any thread may speak to players, but the client's own must not run what a proxy does then. */
    @Override
    public void run(Sender receiver, Runnable task) {
        if (!enabled) {
            return;
        }
        CommandSource known = ((VelocitySender) receiver).source();
        Runnable unlessGone = () -> {
            if (enabled && (!(known instanceof Player player) || player.isActive())) {
                task.run();
            }
        };
        try {
            proxy.getScheduler().buildTask(plugin, unlessGone).schedule();
        } catch (RuntimeException e) {
            // Stopped between the question and the call: then the proxy takes no tasks.
            if (enabled) {
                throw e;
            }
        }
    }

    /** A proxy has no ticks. */
    @Override
    public void eachTick(Runnable task) {}

    /** Other plugins ask the plugin for it. */
    @Override
    public void publish(PayNowService service) {}

    @Override
    public void withdraw(PayNowService service) {}
}
