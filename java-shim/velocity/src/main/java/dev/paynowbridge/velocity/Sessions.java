package dev.paynowbridge.velocity;

import com.velocitypowered.api.event.PostOrder;
import com.velocitypowered.api.event.Subscribe;
import com.velocitypowered.api.event.connection.DisconnectEvent;
import com.velocitypowered.api.event.connection.LoginEvent;
import com.velocitypowered.api.event.connection.PostLoginEvent;
import com.velocitypowered.api.proxy.Player;
import dev.paynowbridge.common.Bridge;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Says which players come and go. The proxy tells of one who leaves when it gets round to it, perhaps after they have come again,
 * and of connections that it turned away because the player is there already: so the sessions of each are known here. Public, as
 * are its methods: the proxy calls them.
 */
public final class Sessions {
    private final Bridge bridge;
    /** Of each player, in the order in which their logins began. */
    private final Map<UUID, List<Player>> sessions = new HashMap<>();

    Sessions(Bridge bridge) {
        this.bridge = bridge;
    }

    /**
     * A login begins. The proxy tells of its end too, also when it is refused.
     *
     * @param event it
     */
    @Subscribe(order = PostOrder.FIRST)
    public void onLogin(LoginEvent event) {
        begin(event.getPlayer());
        bridge.loginBegan(event.getPlayer().getUniqueId());
    }

    /**
     * They are in, and before they are on a server some time passes.
     *
     * @param event their login
     */
    @Subscribe(order = PostOrder.FIRST)
    public void onJoin(PostLoginEvent event) {
        bridge.loginAllowed(VelocitySender.visitor(event.getPlayer()));
    }

    /**
     * They leave the proxy. Going from one of its servers to another is not leaving.
     *
     * @param event their leaving
     */
    @Subscribe(order = PostOrder.LAST)
    public void onQuit(DisconnectEvent event) {
        Player player = event.getPlayer();
        List<Player> all = end(player);
        if (all.indexOf(player) != 0) {
            // No session of theirs, or an older one goes on: what is under way may be what that one asked.
            return;
        }
        if (all.size() == 1) {
            bridge.loginRefused(player.getUniqueId());
        }
        bridge.left(player.getUniqueId());
    }

    private void begin(Player player) {
        synchronized (sessions) {
            sessions.computeIfAbsent(player.getUniqueId(), id -> new ArrayList<>()).add(player);
        }
    }

    /** The sessions of this player as they were until now, with the one that ends. */
    private List<Player> end(Player player) {
        synchronized (sessions) {
            List<Player> all = sessions.get(player.getUniqueId());
            if (all == null) {
                return List.of();
            }
            List<Player> before = List.copyOf(all);
            all.remove(player);
            if (all.isEmpty()) {
                sessions.remove(player.getUniqueId());
            }
            return before;
        }
    }
}
