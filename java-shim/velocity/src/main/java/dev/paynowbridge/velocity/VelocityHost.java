package dev.paynowbridge.velocity;

import com.velocitypowered.api.command.CommandSource;
import com.velocitypowered.api.plugin.PluginContainer;
import com.velocitypowered.api.proxy.Player;
import com.velocitypowered.api.proxy.ProxyServer;
import dev.paynowbridge.common.ProxyHost;
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
final class VelocityHost extends ProxyHost {
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

    VelocityHost(Object plugin, ProxyServer proxy, Logger log, Path folder) {
        this.plugin = plugin;
        this.proxy = proxy;
        this.log = log;
        this.folder = folder.toFile();
    }

    @Override
    public String pluginName() {
        return NAME;
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
    public boolean isOnlineMode() {
        return proxy.getConfiguration().isOnlineMode();
    }

    @Override
    public Optional<String> otherPlugin(String name) {
        return IDS.getOrDefault(name, List.of(name)).stream()
                .flatMap(id -> proxy.getPluginManager().getPlugin(id).stream())
                .findFirst()
                .map(other -> other.getDescription().getVersion().orElse("unknown"));
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

    @Override
    public void run(Sender receiver, Runnable task) {
        CommandSource known = ((VelocitySender) receiver).source();
        schedule(
                scheduled -> proxy.getScheduler().buildTask(plugin, scheduled).schedule(),
                () -> !(known instanceof Player player) || player.isActive(),
                task);
    }
}
