package dev.paynowbridge.bungeecord;

import dev.paynowbridge.common.ProxyHost;
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
final class BungeeHost extends ProxyHost {
    private final Plugin plugin;
    private final ProxyServer proxy;

    BungeeHost(Plugin plugin) {
        this.plugin = plugin;
        proxy = plugin.getProxy();
    }

    BungeeSender sender(CommandSender sender) {
        return new BungeeSender(sender, sender == proxy.getConsole());
    }

    @Override
    public String pluginName() {
        return plugin.getDescription().getName();
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
    public boolean isOnlineMode() {
        return proxy.getConfig().isOnlineMode();
    }

    @Override
    public Optional<String> otherPlugin(String name) {
        return Optional.ofNullable(proxy.getPluginManager().getPlugin(name)).map(other -> other.getDescription().getVersion());
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

    @Override
    public void run(Sender receiver, Runnable task) {
        CommandSender known = ((BungeeSender) receiver).sender();
        schedule(
                scheduled -> proxy.getScheduler().runAsync(plugin, scheduled),
                () -> !(known instanceof ProxiedPlayer player) || player.isConnected(),
                task);
    }
}
