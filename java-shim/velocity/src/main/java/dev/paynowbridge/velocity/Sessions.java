package dev.paynowbridge.velocity;

import com.velocitypowered.api.event.PostOrder;
import com.velocitypowered.api.event.Subscribe;
import com.velocitypowered.api.event.connection.DisconnectEvent;
import com.velocitypowered.api.event.connection.LoginEvent;
import com.velocitypowered.api.event.connection.PostLoginEvent;
import com.velocitypowered.api.proxy.Player;
import dev.paynowbridge.common.Bridge;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Says which players come and go. The proxy tells of one who leaves when it gets round to it, perhaps after they have come again:
 * so the newest session of each is known here. Public, as are its methods: the proxy calls them.
 */
public final class Sessions {
    private final Bridge bridge;
    private final Map<UUID, Player> newest = new ConcurrentHashMap<>();

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
        newest.put(event.getPlayer().getUniqueId(), event.getPlayer());
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
        UUID id = event.getPlayer().getUniqueId();
        if (newest.remove(id, event.getPlayer())) {
            bridge.loginRefused(id);
        }
        bridge.left(id);
    }
}
