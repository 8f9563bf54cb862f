package dev.paynowbridge.common;

import dev.paynowbridge.PayNowService;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The plugin, on whatever server: puts the parts together, and takes them apart again. */
public final class Bridge {
    private final Host host;
    private final UnaryOperator<String> environment;
    private final OwnersFiles files;
    /** Outlives a reload: that must not be a way to guess on. */
    private final Throttle throttle = new Throttle(System::nanoTime);
    private final WarmUp warmUp = new WarmUp(System::nanoTime);
    private final Sessions sessions = new Sessions(System::nanoTime);
    private final ServerClock clock = new ServerClock(Clock.systemUTC());
    private final Messages messages;
    private final Identities identities;
    private final Targets targets;
    private final Connection connection;
    private final Placeholders placeholders;
    private final Deque<Runnable> joined = new ArrayDeque<>();
    private final MetricsServer metrics;
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
        files = new OwnersFiles(host.folder(), host.command());
        messages = new Messages(host.command());
        identities = new Identities(Floodgate.find(host.getClass().getClassLoader(), host.log()));
        connection = new Connection(host, messages);
        placeholders = new Placeholders(connection::memory, identities, warmUp, System::nanoTime);
        metrics = new MetricsServer(() -> connection.current().map(Connection.Open::client), host::log);
        Replies replies = new Replies(messages, host, new PlayerFailures(messages, host.log(), System::nanoTime));
        targets = new Targets(host, identities);
        Doctor doctor = new Doctor(host, connection, () -> settings(files.look(OwnersFiles.CONFIG)), clock, System::nanoTime);
        commands = new Commands(
                replies,
                List.of(
                        new StatusCommand(connection, replies),
                        new LookupCommand(connection, targets, replies),
                        new TokenCommand(connection, targets, replies),
                        new GiftcardCommand(connection, targets, replies, throttle),
                        new RevokeCommand(connection, targets, replies),
                        new DoctorCommand(doctor, replies),
                        new DumpCommand(host, connection, replies),
                        new ReloadCommand(this::reload, connection, replies)));
    }

    /** Starts, on the thread that runs the game. The network is touched on other threads only. */
    public void enable() {
        Late.load(Bridge.class);
        Migration.run(host.folder(), host.log());
        host.publish(connection.service());
        host.eachTick(connection::tick);
        try {
            odd(words(files.read(OwnersFiles.MESSAGES)));
        } catch (SetupException e) {
            host.log().warning(e.getMessage() + " The plugin's own words are used instead.");
        }
        try {
            connect(settings(files.read(OwnersFiles.CONFIG)));
        } catch (SetupException e) {
            connection.failed(e);
            host.log().warning("PayNow is not set up: " + e.getMessage());
            host.log().warning("Fix it, then run /" + host.command() + " reload. /" + host.command() + " doctor says more.");
        }
    }

    private void odd(@Nullable String problem) {
        if (problem != null) {
            host.log().warning(problem);
        }
    }

    private Settings settings(Document config) throws SetupException {
        return Settings.read(config, host.folder(), environment);
    }

    /** What is odd about them; null for nothing. */
    private @Nullable String words(Document own) {
        messages.use(own);
        return messages.unknownIn(own);
    }

    private void connect(Settings settings) throws SetupException {
        connection.open(settings);
        metrics.listen(settings.metrics());
        targets.prefix(settings.bedrockPrefix());
        warmUp.limit(settings.warmUpPerMinute());
        Settings.GiftCards cards = settings.giftCards();
        throttle.limits(cards.perPlayer(), cards.allPlayers(), cards.within());
    }

    /** Both files are read before anything changes. */
    private String reload() throws SetupException {
        try {
            Document own = files.read(OwnersFiles.MESSAGES);
            connect(settings(files.read(OwnersFiles.CONFIG)));
            return words(own);
        } catch (SetupException e) {
            if (connection.current().isEmpty()) {
                connection.failed(e);
            }
            throw e;
        }
    }

    /** Stops, on the thread that runs the game. Fails every call, and waits for nothing else. */
    public void disable() {
        for (Runnable leave = joined.poll(); leave != null; leave = joined.poll()) {
            try {
                leave.run();
            } catch (RuntimeException | LinkageError e) {
                // It was stopped before this plugin.
                host.log().fine("A plugin that was joined cannot be left: " + e);
            }
        }
        clock.close();
        metrics.close();
        connection.close();
        host.withdraw(connection.service());
    }

    /**
     * What other plugins use, where a platform has no register of services.
     *
     * @return the service, which stays the same through a reload
     */
    public PayNowService service() {
        return connection.service();
    }

    /**
     * What other plugins show of players.
     *
     * @return the placeholders
     */
    public Placeholders placeholders() {
        return placeholders;
    }

    /**
     * Joins another plugin until this one is disabled, if it is there. One that cannot be joined is a line in the log. After
     * {@link #enable()}, on the same thread.
     *
     * @param plugin its name
     * @param joining registers with it, and returns what takes that back; the first to touch its classes
     */
    public void join(String plugin, Supplier<Runnable> joining) {
        if (host.otherPlugin(plugin).isEmpty()) {
            return;
        }
        try {
            joined.push(joining.get());
        } catch (RuntimeException | LinkageError e) {
            host.log().warning(plugin + " is there, but does not take what this plugin knows of players: " + e);
        }
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
     * Somebody begins to log in: what is asked for them from now on belongs to the new session. Before other plugins ask for
     * anything. Any thread.
     *
     * @param id their UUID
     */
    public void loginBegan(UUID id) {
        sessions.began(id);
    }

    /**
     * They may come in. Their customer is looked up; the answer is remembered, and nothing waits for it. Any thread.
     *
     * @param id their UUID
     * @param name their name
     */
    public void loginAllowed(UUID id, String name) {
        loginAllowed(new Visitor(id, name));
    }

    /**
     * They may come in, and this is all the server knows of them. Any thread.
     *
     * @param player the player
     */
    public void loginAllowed(Visitor player) {
        placeholders.of(player);
    }

    /**
     * They may not come in. Any thread.
     *
     * @param id their UUID
     */
    public void loginRefused(UUID id) {
        sessions.ended(id);
        placeholders.forget(id);
    }

    /**
     * They are on the server, and no older session of theirs is. Any thread.
     *
     * @param id their UUID
     */
    public void joined(UUID id) {
        sessions.ended(id);
    }

    /**
     * A session of a player has ended: what was asked for it is cancelled. Any thread.
     *
     * @param id their UUID
     */
    public void left(UUID id) {
        placeholders.forget(id);
        connection.current().ifPresent(open -> sessions.newerThanTheOneThatQuits(id).ifPresentOrElse(
                newer -> open.client().cancelAll(id, newer), () -> open.client().cancelAll(id)));
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
