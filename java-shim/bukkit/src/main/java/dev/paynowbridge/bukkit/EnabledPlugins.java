package dev.paynowbridge.bukkit;

import dev.paynowbridge.common.ApiCopies;
import dev.paynowbridge.common.Host;
import java.io.IOException;
import java.io.InputStream;
import org.bukkit.event.EventHandler;
import org.bukkit.event.EventPriority;
import org.bukkit.event.Listener;
import org.bukkit.event.server.PluginEnableEvent;
import org.bukkit.plugin.Plugin;
import org.bukkit.plugin.PluginDescriptionFile;

/** Looks at the plugins that are enabled after this one. */
final class EnabledPlugins implements Listener {
    private final Host host;

    EnabledPlugins(Host host) {
        this.host = host;
    }

    @EventHandler(priority = EventPriority.MONITOR)
    public void onEnable(PluginEnableEvent event) {
        Plugin other = event.getPlugin();
        PluginDescriptionFile about = other.getDescription();
        boolean wants = about.getDepend().contains(host.pluginName()) || about.getSoftDepend().contains(host.pluginName());
        ApiCopies.look(host, other.getName(), wants, () -> carries(other));
    }

    private static boolean carries(Plugin other) {
        try (InputStream found = other.getResource(ApiCopies.CLASS)) {
            return found != null;
        } catch (IOException e) {
            // It was there to be closed.
            return true;
        }
    }
}
