package dev.paynowbridge.bungeecord;

import dev.paynowbridge.common.Bridge;
import net.md_5.bungee.api.event.LoginEvent;
import net.md_5.bungee.api.event.PlayerDisconnectEvent;
import net.md_5.bungee.api.event.PostLoginEvent;
import net.md_5.bungee.api.plugin.Listener;
import net.md_5.bungee.event.EventHandler;
import net.md_5.bungee.event.EventPriority;

/** Says which players come and go. Public, as are its methods: the proxy calls them. */
public final class Sessions implements Listener {
    private final Bridge bridge;

    Sessions(Bridge bridge) {
        this.bridge = bridge;
    }

    /**
     * A login begins.
     *
     * @param event it
     */
    @EventHandler(priority = EventPriority.LOWEST)
    public void onLogin(LoginEvent event) {
        bridge.loginBegan(event.getConnection().getUniqueId());
    }

    /**
     * What has become of it, unless a plugin refuses it later still: then it is forgotten after a while.
     *
     * @param event it
     */
    @EventHandler(priority = EventPriority.HIGHEST)
    public void afterLogin(LoginEvent event) {
        if (event.isCancelled()) {
            bridge.loginRefused(event.getConnection().getUniqueId());
        }
    }

    /**
     * They are in: no older session of theirs is, and before they are on a server some time passes.
     *
     * @param event their login
     */
    @EventHandler(priority = EventPriority.LOWEST)
    public void onJoin(PostLoginEvent event) {
        bridge.joined(event.getPlayer().getUniqueId());
        bridge.loginAllowed(BungeeSender.visitor(event.getPlayer()));
    }

    /**
     * They leave the proxy. Going from one of its servers to another is not leaving.
     *
     * @param event their leaving
     */
    @EventHandler(priority = EventPriority.HIGHEST)
    public void onQuit(PlayerDisconnectEvent event) {
        bridge.left(event.getPlayer().getUniqueId());
    }
}
