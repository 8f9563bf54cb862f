package dev.paynowbridge.paper;

import org.bukkit.event.EventHandler;
import org.bukkit.event.EventPriority;
import org.bukkit.event.Listener;
import org.bukkit.event.player.PlayerQuitEvent;
import org.bukkit.event.server.PluginDisableEvent;

/** Cancels what was asked for those who are gone: players, by their UUID as tag, and plugins, by their name. */
final class Departures implements Listener {
    private final Connection connection;

    Departures(Connection connection) {
        this.connection = connection;
    }

    @EventHandler(priority = EventPriority.MONITOR)
    public void onQuit(PlayerQuitEvent event) {
        connection.current().ifPresent(open -> open.client().cancelAll(event.getPlayer().getUniqueId()));
    }

    @EventHandler(priority = EventPriority.MONITOR)
    public void onDisable(PluginDisableEvent event) {
        connection.current().ifPresent(open -> open.client().cancelAll(event.getPlugin().getName()));
    }
}
