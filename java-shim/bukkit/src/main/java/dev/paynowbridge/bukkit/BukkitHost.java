package dev.paynowbridge.bukkit;

import dev.paynowbridge.PayNowClient;
import dev.paynowbridge.common.Host;
import dev.paynowbridge.common.Sender;
import dev.paynowbridge.common.Visitor;
import java.io.File;
import java.io.Reader;
import java.util.Collection;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.logging.Logger;
import org.bukkit.configuration.file.YamlConfiguration;
import org.bukkit.entity.Player;
import org.bukkit.plugin.Plugin;
import org.bukkit.plugin.ServicePriority;

/** A server that speaks Bukkit's API. */
final class BukkitHost implements Host {
    private final Plugin plugin;
    private final Scheduling scheduling;

    BukkitHost(Plugin plugin) {
        this.plugin = plugin;
        scheduling = Scheduling.of(plugin);
    }

    @Override
    public String pluginName() {
        return plugin.getName();
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
    public UnaryOperator<String> yaml(Reader in) {
        return YamlConfiguration.loadConfiguration(in)::getString;
    }

    @Override
    public Collection<Visitor> online() {
        return plugin.getServer().getOnlinePlayers().stream().map(BukkitSender::visitor).toList();
    }

    @Override
    public Optional<Visitor> online(String name) {
        return Optional.ofNullable(plugin.getServer().getPlayerExact(name)).map(BukkitSender::visitor);
    }

    @Override
    public Optional<Visitor> online(UUID id) {
        Player player = plugin.getServer().getPlayer(id);
        return Optional.ofNullable(player).map(BukkitSender::visitor);
    }

    @Override
    public void run(Sender receiver, Runnable task) {
        scheduling.run(((BukkitSender) receiver).sender(), task);
    }

    @Override
    public void publish(PayNowClient client) {
        plugin.getServer().getServicesManager().register(PayNowClient.class, client, plugin, ServicePriority.Normal);
    }

    @Override
    public void withdraw(PayNowClient client) {
        plugin.getServer().getServicesManager().unregister(client);
    }
}
