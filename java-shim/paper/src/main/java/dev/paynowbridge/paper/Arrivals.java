package dev.paynowbridge.paper;

import java.util.UUID;
import org.bukkit.event.EventHandler;
import org.bukkit.event.EventPriority;
import org.bukkit.event.Listener;
import org.bukkit.event.player.AsyncPlayerPreLoginEvent;

/** Asks for a player's customer while they log in. The answer is remembered; nobody waits for it. */
final class Arrivals implements Listener {
    private final Connection connection;
    private final Identities identities;

    Arrivals(Connection connection, Identities identities) {
        this.connection = connection;
        this.identities = identities;
    }

    @EventHandler(priority = EventPriority.MONITOR)
    public void onPreLogin(AsyncPlayerPreLoginEvent event) {
        if (event.getLoginResult() == AsyncPlayerPreLoginEvent.Result.ALLOWED) {
            UUID id = event.getUniqueId();
            connection.current().filter(open -> open.settings().warmUp()).ifPresent(open -> {
                try {
                    open.client().inBackground().tag(id).lookupPlayer(identities.of(id, event.getName()));
                } catch (IllegalArgumentException e) {
                    // Somebody PayNow cannot know: nothing to warm up.
                }
            });
        }
    }
}
