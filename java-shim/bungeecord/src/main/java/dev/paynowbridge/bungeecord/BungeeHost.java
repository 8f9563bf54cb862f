package dev.paynowbridge.bungeecord;

import dev.paynowbridge.PayNowService;
import dev.paynowbridge.common.Host;
import dev.paynowbridge.common.Sender;
import dev.paynowbridge.common.Visitor;
import java.io.File;
import java.util.Collection;
import java.util.Optional;
import java.util.UUID;
import java.util.logging.Logger;
import net.md_5.bungee.api.CommandSender;
import net.md_5.bungee.api.ProxyServer;
import net.md_5.bungee.api.connection.ProxiedPlayer;
import net.md_5.bungee.api.plugin.Plugin;

/** A proxy that speaks BungeeCord's API. */
final class BungeeHost implements Host {
    /** What the threads are called on which all that players send and receive passes. */
    private static final String NETTY = "Netty ";

    private final Plugin plugin;
    private final ProxyServer proxy;
    private volatile boolean enabled = true;

    BungeeHost(Plugin plugin) {
        this.plugin = plugin;
        proxy = plugin.getProxy();
    }

    /** From now on no task is run. */
    void disabled() {
        enabled = false;
    }

    BungeeSender sender(CommandSender sender) {
        return new BungeeSender(sender, sender == proxy.getConsole());
    }

    @Override
    public String pluginName() {
        return plugin.getDescription().getName();
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
        return plugin.getLogger();
    }

    @Override
    public File folder() {
        return plugin.getDataFolder();
    }

    @Override
    public boolean isEnabled() {
        return enabled;
    }

    @Override
    public boolean isOnlineMode() {
        return proxy.getConfig().isOnlineMode();
    }

    /** There is no tick, but a thread of the network that waits freezes every player on it. */
    @Override
    public boolean isTickThread() {
        return Thread.currentThread().getName().startsWith(NETTY);
    }

    @Override
    public Optional<String> otherPlugin(String name) {
        return Optional.ofNullable(proxy.getPluginManager().getPlugin(name)).map(other -> other.getDescription().getVersion());
    }

    /** It never ran on proxies. */
    @Override
    public boolean hasOldVersion() {
        return false;
    }

    @Override
    public Optional<String> ownerOf(Class<?> type) {
        return proxy.getPluginManager().getPlugins().stream()
                .filter(other -> other.getClass().getClassLoader() == type.getClassLoader())
                .map(other -> other.getDescription().getName())
                .findFirst();
    }

    @Override
    public Collection<Visitor> online() {
        return proxy.getPlayers().stream().map(BungeeSender::visitor).toList();
    }

    @Override
    public Optional<Visitor> online(String name) {
        return Optional.ofNullable(proxy.getPlayer(name)).map(BungeeSender::visitor);
    }

    @Override
    public Optional<Visitor> online(UUID id) {
        return Optional.ofNullable(proxy.getPlayer(id)).map(BungeeSender::visitor);
    }

    /** Any thread may speak to players, but the client's own must not run what a proxy does then. */
    @Override
    public void run(Sender receiver, Runnable task) {
        if (!enabled) {
            return;
        }
        CommandSender known = ((BungeeSender) receiver).sender();
        try {
            proxy.getScheduler().runAsync(plugin, () -> {
                if (enabled && (!(known instanceof ProxiedPlayer player) || player.isConnected())) {
                    task.run();
                }
            });
        } catch (RuntimeException e) {
            // Disabled between the question and the call: then the proxy takes no tasks.
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
