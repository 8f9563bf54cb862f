package dev.paynowbridge.bungeecord;

import dev.paynowbridge.PayNowProvider;
import dev.paynowbridge.PayNowService;
import dev.paynowbridge.common.ApiCopies;
import dev.paynowbridge.common.Bridge;
import dev.paynowbridge.common.LuckPermsContexts;
import net.md_5.bungee.api.plugin.Plugin;
import net.md_5.bungee.api.plugin.PluginDescription;
import org.jspecify.annotations.Nullable;

/** The plugin on BungeeCord and Waterfall. Other plugins find it by its name, and in it the service. */
public class PayNowBridgePlugin extends Plugin implements PayNowProvider {
    private @Nullable BungeeHost host;
    private @Nullable Bridge bridge;

    /** For the proxy. */
    public PayNowBridgePlugin() {}

    /** On the thread that starts the proxy, before a player can come. Waits for no network. */
    @Override
    public void onEnable() {
        BungeeHost here = new BungeeHost(this);
        Bridge started = new Bridge(here, System::getenv);
        host = here;
        bridge = started;
        getProxy().getPluginManager().registerListener(this, new Sessions(started));
        getProxy().getPluginManager().registerCommand(this, new CommandAdapter(here, started.commands()));
        started.enable();
        started.join("LuckPerms", () -> LuckPermsContexts.register(started.placeholders(), BungeeSender::visitor));
        getProxy().getPluginManager().getPlugins().forEach(other -> look(here, other));
    }

    /** All are loaded before the first is enabled. */
    private static void look(BungeeHost here, Plugin other) {
        PluginDescription about = other.getDescription();
        boolean wants = about.getDepends().contains(here.pluginName()) || about.getSoftDepends().contains(here.pluginName());
        ApiCopies.look(here, about.getName(), wants, () -> ApiCopies.areIn(other.getClass().getClassLoader()));
    }

    /** When the proxy stops. Fails every call, and waits for nothing else. */
    @Override
    public void onDisable() {
        if (host != null && bridge != null) {
            host.disabled();
            bridge.disable();
        }
    }

    /**
     * The service.
     *
     * @return always the same one
     * @throws IllegalStateException before this plugin is enabled, which one that names it in {@code depends} never sees
     */
    @Override
    public PayNowService service() {
        if (bridge == null) {
            throw new IllegalStateException("PayNowBridge is not enabled yet. Name it in `depends` of your bungee.yml.");
        }
        return bridge.service();
    }
}
