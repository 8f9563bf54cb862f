package dev.paynowbridge.bukkit;

import java.io.IOException;
import java.io.InputStream;
import java.util.logging.Logger;
import org.bukkit.event.EventHandler;
import org.bukkit.event.EventPriority;
import org.bukkit.event.Listener;
import org.bukkit.event.server.PluginEnableEvent;
import org.bukkit.plugin.Plugin;
import org.bukkit.plugin.PluginDescriptionFile;

/**
 * Names plugins that want the service and carry the API's classes in their own jar: they ask for a class that is not the
 * service's, and get null without a word.
 */
final class Copies implements Listener {
    private static final String SERVICE = "dev/paynowbridge/PayNowService.class";

    private final String own;
    private final Logger log;

    Copies(String own, Logger log) {
        this.own = own;
        this.log = log;
    }

    @EventHandler(priority = EventPriority.MONITOR)
    public void onEnable(PluginEnableEvent event) {
        Plugin other = event.getPlugin();
        PluginDescriptionFile about = other.getDescription();
        if ((about.getDepend().contains(own) || about.getSoftDepend().contains(own)) && carries(other)) {
            log.warning(other.getName() + " depends on " + own + " but has a copy of its API in its own jar, and finds no service."
                    + " Its developer should give the dependency paynow-bridge-api the scope provided.");
        }
    }

    private static boolean carries(Plugin other) {
        try (InputStream found = other.getResource(SERVICE)) {
            return found != null;
        } catch (IOException e) {
            // It was there to be closed.
            return true;
        }
    }
}
