package dev.paynowbridge.paper;

import dev.paynowbridge.TickExecutor;
import java.time.Clock;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bukkit.command.PluginCommand;
import org.bukkit.plugin.java.JavaPlugin;

/**
 * The plugin: puts the parts together, and takes them apart again. Other plugins find the client as the service
 * {@link dev.paynowbridge.PayNowClient}; it is another one after {@code /paynow reload}, so ask for it each time.
 */
public final class PayNowPlugin extends JavaPlugin {
    /** Outlives {@code /paynow reload}: that must not be a way to guess on. */
    private final Throttle throttle = new Throttle(System::nanoTime);

    private final UnaryOperator<String> environment;
    private Messages messages;
    private Connection connection;
    private ServerClock clock;

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
        // A plugin that waits for a future here would freeze the server: it gets an exception instead.
        TickExecutor.markTickThread();
        saveDefaultConfig();
        messages = new Messages(this);
        messages.load();
        Identities identities = new Identities(Floodgate.find(getClass().getClassLoader()));
        connection = new Connection(this, identities);
        clock = new ServerClock(Clock.systemUTC());
        listen(identities);
        command(identities);
        try {
            connect();
        } catch (SetupException e) {
            connection.failed(e);
            getLogger().warning("PayNow is not set up: " + e.getMessage());
            getLogger().warning("Mend it, then /paynow reload; /paynow doctor says more.");
        }
    }

    private void listen(Identities identities) {
        getServer().getPluginManager().registerEvents(new Arrivals(connection, identities), this);
        getServer().getPluginManager().registerEvents(new Departures(connection), this);
    }

    private void command(Identities identities) {
        Replies replies = new Replies(messages, Scheduling.of(this), getLogger());
        Targets targets = new Targets(getServer(), identities);
        PayNowCommand commands = new PayNowCommand(
                replies,
                List.of(
                        new StatusCommand(connection, replies),
                        new LookupCommand(connection, targets, replies),
                        new TokenCommand(connection, targets, replies),
                        new GiftcardCommand(connection, targets, replies, throttle),
                        new RevokeCommand(connection, targets, replies),
                        new DoctorCommand(new Doctor(connection, clock, System::nanoTime), replies),
                        new ReloadCommand(this::reload, replies)));
        PluginCommand command = getCommand("paynow");
        command.setExecutor(commands);
        command.setTabCompleter(commands);
    }

    private void connect() throws SetupException {
        Settings settings = Settings.read(getConfig(), getDataFolder().toPath(), environment);
        connection.open(settings);
        Settings.GiftCards cards = settings.giftCards();
        throttle.limits(cards.perPlayer(), cards.allPlayers(), cards.within());
        getLogger().info("Ready for store " + settings.storeId() + ", API key from " + settings.key() + ".");
    }

    private void reload() throws SetupException {
        reloadConfig();
        try {
            connect();
        } catch (SetupException e) {
            if (connection.current().isEmpty()) {
                connection.failed(e);
            }
            throw e;
        }
        messages.load();
    }

    /** On the main thread. Ends every call and thread; waits for them some milliseconds. */
    @Override
    public void onDisable() {
        if (connection != null) {
            clock.close();
            connection.close();
        }
        TickExecutor.unmarkTickThread();
    }
}
