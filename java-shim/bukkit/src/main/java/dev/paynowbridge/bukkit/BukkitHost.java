package dev.paynowbridge.bukkit;

import dev.paynowbridge.PayNowService;
import dev.paynowbridge.common.Host;
import dev.paynowbridge.common.Sender;
import dev.paynowbridge.common.Visitor;
import java.io.File;
import java.util.Collection;
import java.util.Optional;
import java.util.UUID;
import java.util.logging.Logger;
import org.bukkit.entity.Player;
import org.bukkit.plugin.Plugin;
import org.bukkit.plugin.ServicePriority;
import org.bukkit.plugin.java.JavaPlugin;

/** A server that speaks Bukkit's API. */
final class BukkitHost implements Host {
    private static final String OWN_CLASSES = "dev.paynowbridge.";
    private static final String OLD_NAME = "PayNow";

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
    public boolean isEnabled() {
        return plugin.isEnabled();
    }

    @Override
    public boolean isOnlineMode() {
        return plugin.getServer().getOnlineMode();
    }

    /** On Folia: whether it is the thread of some region. */
    @Override
    public boolean isTickThread() {
        return plugin.getServer().isPrimaryThread();
    }

    @Override
    public Optional<String> otherPlugin(String name) {
        Plugin other = plugin.getServer().getPluginManager().getPlugin(name);
        return other == null || isOurs(other) ? Optional.empty() : Optional.of(other.getDescription().getVersion());
    }

    @Override
    public boolean hasOldVersion() {
        Plugin other = plugin.getServer().getPluginManager().getPlugin(OLD_NAME);
        return other != null && isOurs(other);
    }

    private static boolean isOurs(Plugin other) {
        return other.getClass().getName().startsWith(OWN_CLASSES);
    }

    @Override
    public Optional<String> ownerOf(Class<?> type) {
        try {
            return Optional.of(JavaPlugin.getProvidingPlugin(type).getName());
        } catch (IllegalArgumentException | IllegalStateException e) {
            // Not a class of a plugin.
            return Optional.empty();
        }
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
    public void eachTick(Runnable task) {
        scheduling.eachTick(task);
    }

    @Override
    public void publish(PayNowService service) {
        plugin.getServer().getServicesManager().register(PayNowService.class, service, plugin, ServicePriority.Normal);
    }

    @Override
    public void withdraw(PayNowService service) {
        plugin.getServer().getServicesManager().unregister(service);
    }
}
