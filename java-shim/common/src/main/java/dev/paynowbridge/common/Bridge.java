package dev.paynowbridge.common;

import dev.paynowbridge.TickExecutor;
import java.time.Clock;
import java.util.List;
import java.util.UUID;
import java.util.function.UnaryOperator;

/** The plugin, on whatever server: puts the parts together, and takes them apart again. */
public final class Bridge {
    private final Host host;
    private final UnaryOperator<String> environment;
    private final Throttle throttle = new Throttle(System::nanoTime);
    private final Messages messages;
    private final Identities identities;
    private final Connection connection;
    private final ServerClock clock = new ServerClock(Clock.systemUTC());
    private final Commands commands;

    /**
     * Makes it, without doing anything yet.
     *
     * @param host the server
     * @param environment finds environment variables
     */
    public Bridge(Host host, UnaryOperator<String> environment) {
        this.host = host;
        this.environment = environment;
        messages = new Messages(host);
        identities = new Identities(Floodgate.find(host.getClass().getClassLoader()));
        connection = new Connection(host, identities);
        Replies replies = new Replies(messages, host);
        Targets targets = new Targets(host, identities);
        commands = new Commands(
                replies,
                List.of(
                        new StatusCommand(connection, replies),
                        new LookupCommand(connection, targets, replies),
                        new TokenCommand(connection, targets, replies),
                        new GiftcardCommand(connection, targets, replies, throttle),
                        new RevokeCommand(connection, targets, replies),
                        new DoctorCommand(new Doctor(connection, clock, System::nanoTime), replies),
                        new ReloadCommand(this::reload, replies)));
    }

    /** Starts, on the thread that runs the game. Nothing touches the network here. */
    public void enable() {
        // A plugin that waits for a future here would freeze the server: it gets an exception instead.
        TickExecutor.markTickThread();
        messages.load();
        try {
            connect();
        } catch (SetupException e) {
            connection.failed(e);
            host.log().warning("PayNow is not set up: " + e.getMessage());
            host.log().warning("Mend it, then /paynow reload; /paynow doctor says more.");
        }
    }

    private void connect() throws SetupException {
        Settings settings = Settings.read(Files.yaml(host, "config.yml"), host.folder().toPath(), environment);
        connection.open(settings);
        Settings.GiftCards cards = settings.giftCards();
        throttle.limits(cards.perPlayer(), cards.allPlayers(), cards.within());
        host.log().info("Ready for store " + settings.storeId() + ", API key from " + settings.key() + ".");
    }

    private void reload() throws SetupException {
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

    /** Stops, on the thread that runs the game. Ends every call and thread; waits for them some milliseconds. */
    public void disable() {
        clock.close();
        connection.close();
        TickExecutor.unmarkTickThread();
    }

    /**
     * What can be commanded.
     *
     * @return the commands
     */
    public Commands commands() {
        return commands;
    }

    /**
     * Somebody is logging in, and may. Their customer is asked for; the answer is remembered, and nobody waits for it. Any
     * thread.
     *
     * @param id their UUID
     * @param name their name
     */
    public void arrives(UUID id, String name) {
        connection.current().filter(open -> open.settings().warmUp()).ifPresent(open -> {
            try {
                open.client().inBackground().tag(id).lookupPlayer(identities.of(id, name));
            } catch (IllegalArgumentException e) {
                // Somebody PayNow cannot know: nothing to warm up.
            }
        });
    }

    /**
     * A player has left: what was asked for them is cancelled. Any thread.
     *
     * @param id their UUID
     */
    public void left(UUID id) {
        connection.current().ifPresent(open -> open.client().cancelAll(id));
    }

    /**
     * Another plugin is disabled: what it asked with its name as tag is cancelled. Any thread.
     *
     * @param plugin its name
     */
    public void disabled(String plugin) {
        connection.current().ifPresent(open -> open.client().cancelAll(plugin));
    }
}
