package dev.paynowbridge.bungeecord;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.paynowbridge.sandbox.ProxyCases;
import inmemory.MemoryProxy;
import inmemory.MemorySender;
import java.util.Set;
import java.util.UUID;
import net.md_5.bungee.api.connection.ProxiedPlayer;
import org.junit.jupiter.api.Test;

/** The jar, loaded by BungeeCord's plugin manager. */
class ProxyPluginIT extends ProxyCases<MemorySender, ProxiedPlayer, MemoryProxy> {
    @Override
    protected MemoryProxy bare() {
        return new MemoryProxy();
    }

    @Override
    protected MemorySender player(String name, String... permissions) {
        return new MemorySender(name, Set.of(permissions));
    }

    @Override
    protected String plugin() {
        return "PayNowBridge";
    }

    @Override
    protected String description() {
        return "bungee.yml";
    }

    @Override
    protected String userPlugin() {
        return "name: User\nmain: UserPlugin\nversion: 1\nauthor: a test\ndepends: [PayNowBridge]\n";
    }

    @Override
    protected String ownPackage() {
        return "dev.paynowbridge.bungeecord";
    }

    @Override
    protected String officialPlugin() {
        return "PayNow";
    }

    @Override
    protected String networkThread() {
        return "Netty IO Thread #1";
    }

    @Test
    void aPlayerNeedsThePermissionThatTheOwnerGave() {
        MemorySender stranger = player("Stranger");
        proxy.dispatch(proxy.join(stranger, UUID.randomUUID(), true), "pnbproxy lookup Notch");
        assertTrue(stranger.heard().contains("You do not have permission"), stranger.heard());
        MemorySender moderator = player("Moderator", "paynowbridge.lookup");
        proxy.dispatch(proxy.join(moderator, UUID.randomUUID(), true), "pnbproxy lookup Notch");
        proxy.until(() -> moderator.heard().contains(NOTCH_ID), "an answer");
    }
}
