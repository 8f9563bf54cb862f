package dev.paynowbridge.bukkit;

import dev.paynowbridge.common.Bridge;
import java.util.function.UnaryOperator;
import org.bukkit.command.PluginCommand;
import org.bukkit.plugin.java.JavaPlugin;

/**
 * The plugin on a server with Bukkit's API. Other plugins find the client as the service
 * {@link dev.paynowbridge.PayNowClient}; it is another one after {@code /paynow reload}, so ask for it each time.
 */
public final class PayNowPlugin extends JavaPlugin {
    private final UnaryOperator<String> environment;
    private Bridge bridge;

    /** For the server. */
    public PayNowPlugin() {
        this(System::getenv);
    }

    PayNowPlugin(UnaryOperator<String> environment) {
        this.environment = environment;
    }

    /** On the main thread. Nothing touches the network here. */
    @Override
    public void onEnable() {
        bridge = new Bridge(new BukkitHost(this), environment);
        getServer().getPluginManager().registerEvents(new Arrivals(bridge), this);
        getServer().getPluginManager().registerEvents(new Departures(bridge), this);
        PluginCommand command = getCommand("paynow");
        CommandAdapter commands = new CommandAdapter(bridge.commands());
        command.setExecutor(commands);
        command.setTabCompleter(commands);
        bridge.enable();
    }

    /** On the main thread. Ends every call and thread; waits for them some milliseconds. */
    @Override
    public void onDisable() {
        if (bridge != null) {
            bridge.disable();
        }
    }
}
