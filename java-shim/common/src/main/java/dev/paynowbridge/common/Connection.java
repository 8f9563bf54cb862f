package dev.paynowbridge.common;

import dev.paynowbridge.CustomerQuery;
import dev.paynowbridge.LogLevel;
import dev.paynowbridge.LookupKey;
import dev.paynowbridge.PayNowClient;
import dev.paynowbridge.PayNowException;
import dev.paynowbridge.PayNowOperations;
import dev.paynowbridge.PayNowService;
import dev.paynowbridge.Remembered;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.logging.Level;
import org.jspecify.annotations.Nullable;

/** The one client, which other plugins reach through a service. Nothing here waits for the network. */
final class Connection {
    /** Longer than a command waits: a deadline that is too short is not the key's fault. */
    static final Duration TRIAL = Duration.ofSeconds(10);

    private final Host host;
    private final Messages messages;
    private final PayNowService.Owner owner = new PayNowService.Owner();
    private volatile @Nullable Open open;
    private volatile @Nullable SetupException fault = new SetupException("it was not set up yet.");

    Connection(Host host, Messages messages) {
        this.host = host;
        this.messages = messages;
    }

    /** A client, what it was made from, and how trying the key went: the lines that say so. */
    static final class Open implements Memory {
        private final PayNowClient client;
        private final PayNowOperations inBackground;
        private final Settings settings;
        private volatile CompletableFuture<List<Line>> tried;

        private Open(PayNowClient client, Settings settings) {
            this.client = client;
            this.settings = settings;
            inBackground = client.inBackground();
        }

        PayNowClient client() {
            return client;
        }

        @Override
        public Optional<Remembered> peek(LookupKey key) {
            return client.peek(key);
        }

        @Override
        public CompletionStage<?> lookUp(LookupKey key) {
            return inBackground.lookupCustomer(key);
        }

        /** What is forgotten at once need not be asked for. */
        @Override
        public boolean mayWarmUp() {
            return settings.warmUp() && !settings.cache().isZero();
        }

        @Override
        public long freshNanos() {
            return settings.cache().toNanos();
        }

        @Override
        public long standInNanos() {
            return Math.max(0, settings.cacheStale().minus(settings.cache()).toNanos());
        }

        @Override
        public boolean sameStore(Memory other) {
            return other instanceof Open open
                    && settings.storeId().equals(open.settings.storeId())
                    && settings.apiBase().equals(open.settings.apiBase());
        }

        Settings settings() {
            return settings;
        }

        /** How it went; pending while that is not known. */
        CompletableFuture<List<Line>> tried() {
            return tried;
        }

        /** Asks for a page of customers, which needs the key and is never answered from memory. */
        CompletableFuture<List<Line>> tryKey() {
            CompletableFuture<List<Line>> outcome = inBackground
                    .deadline(TRIAL)
                    .listCustomers(CustomerQuery.all().limit(1))
                    .handle((page, failure) -> failure == null
                            ? List.of(new Line("status.key-well"))
                            : Explanations.forOwner(failure));
            tried = outcome;
            return outcome;
        }
    }

    PayNowService service() {
        return owner.service();
    }

    /** Puts a new client into the place of the old one, whose pending calls fail. On a failure the old one stays. */
    synchronized void open(Settings settings) throws SetupException {
        PayNowClient fresh;
        try {
            fresh = settings.builder()
                    .nativeFolder(folder())
                    .tickThreads(host::isTickThread)
                    .handlerFailures(this::handlerFailed)
                    .log(this::log)
                    .build();
        } catch (IllegalArgumentException e) {
            throw new SetupException("config.yml: " + settings.explained(e.getMessage()) + ".");
        } catch (PayNowException e) {
            throw new SetupException(e.getMessage(), e instanceof PayNowException.NativeLoad);
        }
        Open old = open;
        Open now = new Open(fresh, settings);
        host.log().info("Store " + settings.storeId() + " at " + settings.apiBase() + ", API key from " + settings.key() + ".");
        now.tryKey().thenAccept(lines -> told(now, lines));
        open = now;
        fault = null;
        owner.use(fresh);
        if (old != null) {
            old.client().shutdown();
        }
    }

    /** A tick of the server: the client learns from it when to look for what plugins ask. */
    void tick() {
        Open known = open;
        if (known != null) {
            known.client().tick();
        }
    }

    private @Nullable Path folder() {
        try {
            return host.folder().toPath();
        } catch (InvalidPathException e) {
            // Then the library is unpacked elsewhere.
            return null;
        }
    }

    /** The console learns how trying the key went. */
    private void told(Open of, List<Line> lines) {
        if (open != of || !host.isEnabled()) {
            return;
        }
        boolean well = lines.get(0).key().equals("status.key-well");
        String record = messages.record(lines);
        if (!record.isEmpty()) {
            host.log().log(well ? Level.INFO : Level.WARNING, record);
        }
    }

    /** Fails every call. Waits for that, and for nothing else. */
    synchronized void close() {
        Open old = open;
        open = null;
        fault = new SetupException("the plugin is disabled.");
        owner.drop("the plugin " + host.pluginName() + " is disabled");
        if (old != null) {
            old.client().shutdown();
        }
    }

    private void handlerFailed(@Nullable String tag, Class<?> handler, Throwable failure) {
        String plugin = host.ownerOf(handler).orElse(tag == null ? handler.getName() : tag);
        host.log().log(Level.WARNING, "The plugin " + plugin + " fails in what it does with an answer of PayNow.", failure);
    }

    private void log(LogLevel level, String line) {
        host.log().log(
                switch (level) {
                    case ERROR -> Level.SEVERE;
                    case WARN -> Level.WARNING;
                    case INFO -> Level.INFO;
                    case DEBUG -> Level.FINE;
                },
                line);
    }

    /** Remembers why there is no client, for those who ask. */
    void failed(SetupException reason) {
        fault = reason;
        if (open == null) {
            owner.drop(reason.getMessage());
        }
    }

    /** The same as {@link #current()}, for what is asked ten thousand times a tick; null for none. */
    @Nullable Memory memory() {
        return open;
    }

    Optional<Open> current() {
        return Optional.ofNullable(open);
    }

    Open required() throws SetupException {
        Open known = open;
        if (known == null) {
            SetupException reason = fault;
            throw reason == null ? new SetupException("it is being set up.") : reason;
        }
        return known;
    }

    /** For a command: cancelled when the player leaves, or when this plugin is disabled. */
    PayNowOperations forSender(Sender sender) throws SetupException {
        PayNowOperations own = required().client().tag(host.pluginName());
        return sender.player().map(player -> own.tag(player.id())).orElse(own);
    }
}
