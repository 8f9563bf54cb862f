package dev.paynowbridge.paper;

import dev.paynowbridge.LogLevel;
import dev.paynowbridge.PayNowClient;
import dev.paynowbridge.PayNowException;
import dev.paynowbridge.PayNowOperations;
import java.util.Optional;
import java.util.logging.Level;
import org.bukkit.command.CommandSender;
import org.bukkit.entity.Player;
import org.bukkit.plugin.Plugin;
import org.bukkit.plugin.ServicePriority;
import org.bukkit.plugin.ServicesManager;

/** The one client, which other plugins find as a service. Nothing here touches the network by itself. */
final class Connection {
    private final Plugin plugin;
    private final Identities identities;
    private volatile Open open;
    private volatile SetupException fault = new SetupException("it was not set up yet.");

    Connection(Plugin plugin, Identities identities) {
        this.plugin = plugin;
        this.identities = identities;
    }

    /**
     * A client, and what it was made from.
     *
     * @param client the client
     * @param settings its settings
     */
    record Open(PayNowClient client, Settings settings) {}

    /** Puts a new client into the place of the old one, whose pending calls fail. On a failure the old one stays. */
    synchronized void open(Settings settings) throws SetupException {
        PayNowClient fresh;
        try {
            fresh = settings.builder(identities)
                    .nativeFolder(plugin.getDataFolder().toPath())
                    .log(this::log)
                    .build();
        } catch (IllegalArgumentException e) {
            throw new SetupException("a setting cannot be used: " + e.getMessage() + ".");
        } catch (PayNowException e) {
            throw new SetupException(e.getMessage(), e instanceof PayNowException.NativeLoad);
        }
        Open old = open;
        open = new Open(fresh, settings);
        fault = null;
        services().register(PayNowClient.class, fresh, plugin, ServicePriority.Normal);
        end(old);
    }

    /** Ends every call and thread. Waits for that: some milliseconds. */
    synchronized void close() {
        Open old = open;
        open = null;
        fault = new SetupException("the plugin is disabled.");
        end(old);
    }

    private void end(Open old) {
        if (old != null) {
            services().unregister(old.client());
            old.client().close();
        }
    }

    private ServicesManager services() {
        return plugin.getServer().getServicesManager();
    }

    private void log(LogLevel level, String line) {
        plugin.getLogger().log(
                switch (level) {
                    case ERROR -> Level.SEVERE;
                    case WARN -> Level.WARNING;
                    case INFO -> Level.INFO;
                    case DEBUG -> Level.FINE;
                },
                line);
    }

    /** Remembers why there is no client, for those who ask. */
    void failed(SetupException reason) {
        fault = reason;
    }

    Optional<Open> current() {
        return Optional.ofNullable(open);
    }

    /** Why there is no client. */
    SetupException fault() {
        SetupException known = fault;
        return known == null ? new SetupException("it is being set up.") : known;
    }

    Open required() throws SetupException {
        Open known = open;
        if (known == null) {
            throw fault();
        }
        return known;
    }

    /** For somebody's command: cancelled when they leave. */
    PayNowOperations forSender(CommandSender sender) throws SetupException {
        PayNowClient client = required().client();
        return sender instanceof Player player ? client.tag(player.getUniqueId()) : client.tag(plugin.getName());
    }
}
