package dev.paynowbridge.velocity;

import com.google.inject.Inject;
import com.velocitypowered.api.event.Subscribe;
import com.velocitypowered.api.event.proxy.ProxyInitializeEvent;
import com.velocitypowered.api.event.proxy.ProxyShutdownEvent;
import com.velocitypowered.api.plugin.PluginContainer;
import com.velocitypowered.api.plugin.PluginDescription;
import com.velocitypowered.api.plugin.annotation.DataDirectory;
import com.velocitypowered.api.proxy.Player;
import com.velocitypowered.api.proxy.ProxyServer;
import dev.paynowbridge.PayNowProvider;
import dev.paynowbridge.PayNowService;
import dev.paynowbridge.common.ApiCopies;
import dev.paynowbridge.common.Bridge;
import dev.paynowbridge.common.LuckPermsContexts;
import dev.paynowbridge.common.MiniPlaceholders;
import dev.paynowbridge.common.Placeholders;
import dev.paynowbridge.common.ProxyHost;
import java.nio.file.Path;
import org.slf4j.Logger;

/** The plugin on Velocity. Other plugins find it by its id, and in it the service. */
public final class PayNowBridgePlugin implements PayNowProvider {
    /** As velocity-plugin.json has it. */
    private static final String ID = "paynowbridge";

    private final ProxyServer proxy;
    private final VelocityHost host;
    private final Bridge bridge;

    /**
     * For the proxy, which does nothing else with it yet.
     *
     * @param proxy the proxy
     * @param log where the plugin writes
     * @param folder where its files are
     */
    @Inject
    public PayNowBridgePlugin(ProxyServer proxy, Logger log, @DataDirectory Path folder) {
        this.proxy = proxy;
        host = new VelocityHost(this, proxy, Slf4jHandler.loggerInto(log), folder);
        bridge = new Bridge(host, System::getenv);
    }

    /**
     * Before a player can come. Waits for no network.
     *
     * @param event the start
     */
    @Subscribe
    public void onStart(ProxyInitializeEvent event) {
        proxy.getEventManager().register(this, new Sessions(bridge));
        proxy.getCommandManager().register(
                proxy.getCommandManager().metaBuilder(ProxyHost.COMMAND).plugin(this).build(),
                new CommandAdapter(bridge.commands()));
        bridge.enable();
        Placeholders placeholders = bridge.placeholders();
        bridge.join("MiniPlaceholders", () -> MiniPlaceholders.register(
                getClass().getClassLoader(), Player.class, player -> placeholders.of(VelocitySender.visitor((Player) player))));
        bridge.join("LuckPerms", () -> LuckPermsContexts.register(placeholders, VelocitySender::visitor));
        proxy.getPluginManager().getPlugins().forEach(this::look);
    }

    /** All are made before the first is told of the start. */
    private void look(PluginContainer other) {
        PluginDescription about = other.getDescription();
        boolean wants = about.getDependencies().stream().anyMatch(needed -> needed.getId().equals(ID));
        other.getInstance().ifPresent(instance -> ApiCopies.look(
                host, about.getId(), wants, () -> ApiCopies.areIn(instance.getClass().getClassLoader())));
    }

    /**
     * When the proxy stops. Fails every call, and waits for nothing else.
     *
     * @param event the end
     */
    @Subscribe
    public void onStop(ProxyShutdownEvent event) {
        host.disabled();
        bridge.disable();
    }

    @Override
    public PayNowService service() {
        return bridge.service();
    }
}
