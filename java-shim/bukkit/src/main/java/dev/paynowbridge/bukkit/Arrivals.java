package dev.paynowbridge.bukkit;

import dev.paynowbridge.common.Bridge;
import org.bukkit.event.EventHandler;
import org.bukkit.event.EventPriority;
import org.bukkit.event.Listener;
import org.bukkit.event.player.AsyncPlayerPreLoginEvent;

/** Says who logs in. */
final class Arrivals implements Listener {
    private final Bridge bridge;

    Arrivals(Bridge bridge) {
        this.bridge = bridge;
    }

    @EventHandler(priority = EventPriority.MONITOR)
    public void onPreLogin(AsyncPlayerPreLoginEvent event) {
        if (event.getLoginResult() == AsyncPlayerPreLoginEvent.Result.ALLOWED) {
            bridge.arrives(event.getUniqueId(), event.getName());
        }
    }
}
