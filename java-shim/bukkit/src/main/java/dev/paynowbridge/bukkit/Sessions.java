package dev.paynowbridge.bukkit;

import dev.paynowbridge.common.Bridge;
import org.bukkit.event.EventHandler;
import org.bukkit.event.EventPriority;
import org.bukkit.event.Listener;
import org.bukkit.event.player.AsyncPlayerPreLoginEvent;
import org.bukkit.event.player.PlayerJoinEvent;
import org.bukkit.event.player.PlayerQuitEvent;
import org.bukkit.event.server.PluginDisableEvent;

/** Says which players and plugins come and go. */
final class Sessions implements Listener {
    private final Bridge bridge;

    Sessions(Bridge bridge) {
        this.bridge = bridge;
    }

    @EventHandler(priority = EventPriority.LOWEST)
    public void onPreLogin(AsyncPlayerPreLoginEvent event) {
        bridge.loginBegan(event.getUniqueId());
    }

    @EventHandler(priority = EventPriority.MONITOR)
    public void afterPreLogin(AsyncPlayerPreLoginEvent event) {
        if (event.getLoginResult() == AsyncPlayerPreLoginEvent.Result.ALLOWED) {
            bridge.loginAllowed(event.getUniqueId(), event.getName());
        } else {
            bridge.loginRefused(event.getUniqueId());
        }
    }

    @EventHandler(priority = EventPriority.LOWEST)
    public void onJoin(PlayerJoinEvent event) {
        bridge.joined(event.getPlayer().getUniqueId());
    }

    @EventHandler(priority = EventPriority.MONITOR)
    public void onQuit(PlayerQuitEvent event) {
        bridge.left(event.getPlayer().getUniqueId());
    }

    @EventHandler(priority = EventPriority.MONITOR)
    public void onDisable(PluginDisableEvent event) {
        bridge.disabled(event.getPlugin().getName());
    }
}
