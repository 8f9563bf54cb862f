package dev.paynowbridge;

import dev.paynowbridge.internal.LoadFailure;
import dev.paynowbridge.internal.Native;
import dev.paynowbridge.internal.NativeLibrary;
import java.lang.ref.Cleaner;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A connection of one game server to one PayNow store.
 *
 * <pre>{@code
 * try (PayNowClient client = PayNowClient.builder("411486491630370816").apiKeyEnv("PAYNOW_API_KEY").build()) {
 *     client.lookupCustomer(player.getUniqueId()).thenAccept(customer -> …);
 * }
 * }</pre>
 *
 * <p>All methods can be called from any thread. Operations never wait; {@link #close()} does.
 */
public final class PayNowClient extends PayNowOperations implements AutoCloseable {
    /** Closes what its owner forgot. */
    private static final Cleaner CLEANER = Cleaner.create();

    private final Engine engine;
    private final Cleaner.Cleanable net;

    private PayNowClient(Engine engine) {
        super(Calls.PLAIN);
        this.engine = engine;
        net = CLEANER.register(this, engine::close);
    }

    @Override
    PayNowClient client() {
        return this;
    }

    @Override
    String unavailable() {
        throw new IllegalStateException("a client is its own");
    }

    Engine engine() {
        return engine;
    }

    /**
     * Begins to make a client for a store.
     *
     * @param storeId PayNow's id of the store
     * @return a builder
     */
    public static Builder builder(String storeId) {
        return new Builder(storeId);
    }

    /**
     * Another API key from here on, for requests that have not been sent yet. What is remembered stays. May wait some
     * microseconds for a thread that reads the old key.
     *
     * @param apiKey the key
     * @throws IllegalArgumentException when it cannot be used
     */
    public void setApiKey(String apiKey) {
        Native.setApiKey(engine.handle(), apiKey);
    }

    /**
     * Says that a tick of the host begins. From this the client learns when the next one does and at which moments of a tick
     * requests come, and looks for them right then: on an idle client one waits a millisecond or so instead of up to 12.5 ms. A
     * {@link TickExecutor} says it in each drain, for the clients whose futures complete there. Once a tick, on any thread; never
     * waits, and costs about as much as reading the clock. One tick may be told of twice.
     */
    public void tick() {
        engine.tick();
    }

    /**
     * Cancels every request with this tag that has not ended: those of a player who left. Their futures fail with
     * {@link PayNowException.Cancelled}, on the client's completion thread unless they belong to an executor. A request
     * whose answer is here is not cancelled: its future completes with that, on an executor perhaps after this. Never waits.
     *
     * @param tag the player
     * @return how many were cancelled
     */
    public long cancelAll(UUID tag) {
        return engine.cancelAll(Tags.of(tag));
    }

    /**
     * Cancels every request with this tag that has not ended: those of a plugin that was disabled. Their futures fail with
     * {@link PayNowException.Cancelled}, on the client's completion thread unless they belong to an executor. A request
     * whose answer is here is not cancelled: its future completes with that, on an executor perhaps after this. Never waits.
     *
     * @param tag the plugin's name
     * @return how many were cancelled
     */
    public long cancelAll(String tag) {
        return engine.cancelAll(Tags.of(tag));
    }

    /**
     * {@link #cancelAll(UUID)}, except what was called for since: a player who logs in from another place is on the server
     * already when the old session quits, and calls of the new one must go on. Looks at every request that is outstanding:
     * some microseconds.
     *
     * @param tag the player
     * @param before set when the new session began
     * @return how many were cancelled
     */
    public long cancelAll(UUID tag, CallMark before) {
        require(before, "before");
        return engine.cancelAll(Tags.of(tag), before);
    }

    /**
     * What the client has done and is doing. May wait some microseconds for a lock of the library's own threads.
     *
     * @return a snapshot; all zeros when the client is closed
     */
    public ClientStats stats() {
        return engine.stats();
    }

    /**
     * What is known about the client as OpenMetrics text, for Prometheus and its like: {@link #stats} in base units, how it
     * stands with the rate, and histograms of how long answers took and requests waited, by operation and outcome. Its content
     * type is {@code application/openmetrics-text; version=1.0.0; charset=utf-8}. Any thread; takes no lock, but writes some
     * 10 KB of text, which a tick has no time for.
     *
     * @return the text; empty when the client is closed
     */
    public String metrics() {
        return engine.metrics();
    }

    /**
     * What the client was made with, and how each of the last 1,024 requests went, as lines of JSON: for a look at what went
     * wrong. Holds no key, no token, and nothing of what was asked. What the lines say is in {@code docs/operations.md}. Any thread
     * that has time: it waits for a lock of the library's threads and writes up to 700 KB.
     *
     * @return the lines; empty when the client is closed, or there is no memory for them
     */
    public String dump() {
        return engine.dump();
    }

    /**
     * Whether {@link #close()} was called.
     *
     * @return true from then on
     */
    public boolean isClosed() {
        return engine.isClosed();
    }

    /**
     * Accepts nothing more, and fails every pending future with {@link PayNowException.Closed}; those of an executor that
     * has not run them by then complete on this thread. Waits for the client's threads to end: ordinarily some
     * milliseconds, and not at all on the completion thread itself. Closing twice does nothing.
     */
    @Override
    public void close() {
        net.clean();
    }

    /**
     * {@link #close()}, for a thread that must not wait: returns as soon as every pending future has completed. The threads
     * end by themselves, soon after; one that waits for a name server may take as long as that does.
     */
    public void shutdown() {
        engine.shutdown();
    }

    /** Collects settings; every one of them has a sensible default. Not for several threads at once. */
    public static final class Builder {
        private static final int STORE_ID = 0;
        private static final int API_KEY = 1;
        private static final int API_KEY_ENV = 2;
        private static final int API_KEY_FILE = 3;
        private static final int API_BASE = 4;
        private static final int PROXY = 5;
        private static final int CA_FILE = 6;
        private static final int USER_AGENT = 7;
        private static final int BEDROCK_PREFIX = 8;
        static final int NETWORK_ADDRESSES = 9;
        static final int NETWORK_USER = 10;
        static final int NETWORK_PASSWORD = 11;
        static final int NETWORK_PASSWORD_ENV = 12;
        static final int NETWORK_PASSWORD_FILE = 13;
        static final int NETWORK_CA_FILE = 14;
        static final int NETWORK_SERVER_NAME = 15;
        static final int NETWORK_SENTINEL_NAME = 16;
        static final int NETWORK_ID = 17;
        private static final int TEXTS = 18;

        private static final int DEADLINE = 0;
        private static final int CONNECT_TIMEOUT = 1;
        private static final int MAX_OUTSTANDING = 2;
        private static final int MAX_WORKERS = 3;
        private static final int MAX_RESPONSE_BYTES = 4;
        private static final int MAX_HELD_BYTES = 5;
        private static final int MAX_ATTEMPTS = 6;
        private static final int RETRY_BASE = 7;
        private static final int CIRCUIT_THRESHOLD = 8;
        private static final int CACHE_TTL = 9;
        private static final int CACHE_NEGATIVE_TTL = 10;
        private static final int CACHE_STALE = 11;
        private static final int CACHE_BYTES = 12;
        private static final int SEND_BEDROCK_PREFIX = 13;
        private static final int OFFLINE_PLAYERS_BY_UUID = 14;
        private static final int LOG_LEVEL = 15;
        private static final int WARM_CONNECTIONS = 16;
        private static final int FLIGHT_RECORDER = 17;
        static final int NETWORK_TLS = 18;
        static final int NETWORK_DATABASE = 19;
        static final int NETWORK_TIMEOUT = 20;
        private static final int RATE_PER_SECOND = 21;
        private static final int RATE_BURST = 22;
        private static final int NUMBERS = 23;

        private static final int DEFAULT_MAX_OUTSTANDING = 10_000;
        private static final int MOST_OUTSTANDING = 1_048_576;

        private final @Nullable String[] texts = new String[TEXTS];
        private final long[] numbers = new long[NUMBERS];
        private int maxOutstanding = DEFAULT_MAX_OUTSTANDING;
        private static final long DEFAULT_DEADLINE_MS = 10_000;

        private @Nullable Path nativeFolder;
        private @Nullable BiConsumer<LogLevel, String> log;
        private @Nullable BooleanSupplier ticks;
        private @Nullable HandlerFailures failures;

        private Builder(String storeId) {
            texts[STORE_ID] = storeId;
            Arrays.fill(numbers, Native.UNSET);
            numbers[LOG_LEVEL] = LogLevel.INFO.ordinal() + 1;
        }

        private Builder text(int place, String value) {
            texts[place] = value;
            return this;
        }

        private Builder number(int place, String name, long value) {
            if (value < 0) {
                throw new IllegalArgumentException(name + " must not be negative");
            }
            numbers[place] = value;
            return this;
        }

        private Builder duration(int place, String name, Duration value) {
            return number(place, name, milliseconds(name, value));
        }

        static long milliseconds(String name, Duration value) {
            if (value == null) {
                throw new IllegalArgumentException(name + " is required");
            }
            try {
                return value.toMillis();
            } catch (ArithmeticException e) {
                return value.isNegative() ? -1 : Long.MAX_VALUE;
            }
        }

        /**
         * The key of the Management API. Without one only the Storefront operations work. A key pasted with its scheme
         * ({@code APIKey …}) is understood.
         *
         * @param key the key
         * @return this
         */
        public Builder apiKey(String key) {
            return text(API_KEY, key);
        }

        /**
         * Reads the key from an environment variable.
         *
         * @param variable its name
         * @return this
         */
        public Builder apiKeyEnv(String variable) {
            return text(API_KEY_ENV, variable);
        }

        /**
         * Reads the key from a file, which must be readable by its owner alone (mode 0600).
         *
         * @param file the file
         * @return this
         */
        public Builder apiKeyFile(Path file) {
            return text(API_KEY_FILE, file == null ? null : file.toString());
        }

        /**
         * Where the API is: {@code https://api.paynow.gg} by default. Plain http is for loopback addresses only.
         *
         * @param base the address
         * @return this
         */
        public Builder apiBase(String base) {
            return text(API_BASE, base);
        }

        /**
         * Goes through a proxy ({@code http://proxy.example:3128}), whatever the environment says; empty goes through none. By
         * default {@code HTTPS_PROXY} and {@code NO_PROXY} decide.
         *
         * @param address the proxy's address
         * @return this
         */
        public Builder proxy(String address) {
            return text(PROXY, address);
        }

        /**
         * Trusts the certificates in a PEM file too, besides the system's and the bundled ones.
         *
         * @param file the file
         * @return this
         */
        public Builder caFile(Path file) {
            return text(CA_FILE, file == null ? null : file.toString());
        }

        /**
         * The product the host wants to be known as, put before the library's own name in {@code User-Agent}.
         *
         * @param product name and version
         * @return this
         */
        public Builder userAgent(String product) {
            return text(USER_AGENT, product);
        }

        /**
         * What the server puts before the names of Bedrock players: {@code .} by default, empty for nothing.
         *
         * @param prefix the prefix
         * @return this
         */
        public Builder bedrockPrefix(String prefix) {
            return text(BEDROCK_PREFIX, prefix);
        }

        /**
         * Whether PayNow is asked with the Bedrock prefix (documented nowhere): false by default.
         *
         * @param send whether it is sent
         * @return this
         */
        public Builder sendBedrockPrefix(boolean send) {
            return number(SEND_BEDROCK_PREFIX, "sendBedrockPrefix", send ? 1 : 0);
        }

        /**
         * Whether a {@link Player} with a UUID made in offline mode (version 3) is looked up by that and not by name: false by
         * default.
         *
         * @param byUuid whether the UUID counts
         * @return this
         */
        public Builder offlinePlayersByUuid(boolean byUuid) {
            return number(OFFLINE_PLAYERS_BY_UUID, "offlinePlayersByUuid", byUuid ? 1 : 0);
        }

        /**
         * The same the other way round.
         *
         * @param byName whether the name counts
         * @return this
         * @deprecated use {@link #offlinePlayersByUuid}, which means the opposite, as in every other language
         */
        @Deprecated
        public Builder offlinePlayersByName(boolean byName) {
            return offlinePlayersByUuid(!byName);
        }

        /**
         * Until when a request may take, from the call to the completion: 10 s by default.
         *
         * @param deadline 1 ms to 24 h
         * @return this
         */
        public Builder deadline(Duration deadline) {
            return duration(DEADLINE, "deadline", deadline);
        }

        /**
         * How long one attempt to connect may take: 3 s by default.
         *
         * @param timeout 1 ms to 24 h
         * @return this
         */
        public Builder connectTimeout(Duration timeout) {
            return duration(CONNECT_TIMEOUT, "connectTimeout", timeout);
        }

        /**
         * How many requests may be outstanding, that is, called for and their future not completed: 10,000 by default.
         *
         * @param requests 1 to 1,048,576
         * @return this
         */
        public Builder maxOutstanding(int requests) {
            number(MAX_OUTSTANDING, "maxOutstanding", requests);
            maxOutstanding = requests;
            return this;
        }

        /**
         * How many worker threads there may be: 64 by default. Only as many run as there is work for,
         * and beside an API that answers within a millisecond only as many as do any good. There are never more
         * connections than workers: each does one exchange at a time, and takes an idle connection before it opens one.
         *
         * @param threads 1 to 1,024
         * @return this
         */
        public Builder maxWorkers(int threads) {
            return number(MAX_WORKERS, "maxWorkers", threads);
        }

        /**
         * How many connections are held ready, so that a request finds one with its name resolved and its handshakes done: 1 by
         * default; 0 opens each with the request that needs it. They are opened in the background from {@link #build} on and
         * again when the server closes them, until an hour after the last request.
         *
         * @param connections 0 to the number of workers
         * @return this
         */
        public Builder warmConnections(int connections) {
            return number(WARM_CONNECTIONS, "warmConnections", connections);
        }

        /**
         * Whether it is noted how each of the last 1,024 requests went, for {@link PayNowClient#dump}: true by default. That takes
         * 256 KiB at most, outside of Java's heap, and nothing of the threads that submit. Of what was asked nothing is kept.
         *
         * @param on whether it is noted
         * @return this
         */
        public Builder flightRecorder(boolean on) {
            return number(FLIGHT_RECORDER, "flightRecorder", on ? 1 : 0);
        }

        /**
         * The largest answer accepted: 1 MiB by default.
         *
         * @param bytes its length
         * @return this
         */
        public Builder maxResponseBytes(long bytes) {
            return number(MAX_RESPONSE_BYTES, "maxResponseBytes", bytes);
        }

        /**
         * How many bytes of answers may wait before no new request is sent: 64 MiB by default.
         *
         * @param bytes their length
         * @return this
         */
        public Builder maxHeldBytes(long bytes) {
            return number(MAX_HELD_BYTES, "maxHeldBytes", bytes);
        }

        /**
         * How often a request is sent at most, the first time included: 3 by default. 1 never repeats.
         *
         * @param attempts 1 to 100
         * @return this
         */
        public Builder maxAttempts(int attempts) {
            return number(MAX_ATTEMPTS, "maxAttempts", attempts);
        }

        /**
         * The longest wait before the first repetition, doubling with each: 200 ms by default.
         *
         * @param base the wait
         * @return this
         */
        public Builder retryBase(Duration base) {
            return duration(RETRY_BASE, "retryBase", base);
        }

        /**
         * After how many failures in a row requests fail at once, until the API answers again: 20 by default; 0 never.
         *
         * @param failures the number
         * @return this
         */
        public Builder circuitThreshold(int failures) {
            return number(CIRCUIT_THRESHOLD, "circuitThreshold", failures);
        }

        /**
         * How many requests a second may be sent, and how many at once after a quiet time. No limit by default but what
         * answers 429 teach.
         *
         * @param perSecond the rate
         * @param burst how many at once; 0 is as many as in a second
         * @return this
         */
        public Builder rateLimit(double perSecond, int burst) {
            number(RATE_BURST, "rateLimit", burst);
            numbers[RATE_PER_SECOND] = Double.doubleToRawLongBits(perSecond);
            return this;
        }

        /**
         * Joins the other servers of the store, over a Redis or Valkey: none by default. Needs an API key, which says what servers
         * belong together; {@link #rateLimit} is then what all of them may ask.
         *
         * @param network what is shared with whom; copied
         * @return this
         */
        public Builder network(NetworkConfig network) {
            if (network == null) {
                throw new IllegalArgumentException("network is required");
            }
            network.copyTo(texts, numbers);
            return this;
        }

        /**
         * How long the answer to a look-up is remembered: 5 minutes by default; zero remembers nothing.
         *
         * @param ttl the time
         * @return this
         */
        public Builder cacheTtl(Duration ttl) {
            return duration(CACHE_TTL, "cacheTtl", ttl);
        }

        /**
         * How long it is remembered that there is no such customer: 30 s by default.
         *
         * @param ttl the time
         * @return this
         */
        public Builder cacheNegativeTtl(Duration ttl) {
            return duration(CACHE_NEGATIVE_TTL, "cacheNegativeTtl", ttl);
        }

        /**
         * How old an answer may be to stand in for a failure of the API: 1 h by default.
         *
         * @param age the age
         * @return this
         */
        public Builder cacheStale(Duration age) {
            return duration(CACHE_STALE, "cacheStale", age);
        }

        /**
         * How many bytes of answers are remembered: 16 MiB by default.
         *
         * @param bytes their length
         * @return this
         */
        public Builder cacheBytes(long bytes) {
            return number(CACHE_BYTES, "cacheBytes", bytes);
        }

        /**
         * Which lines go to the log: {@link LogLevel#INFO} and more important by default.
         *
         * @param level the least important ones
         * @return this
         */
        public Builder logLevel(LogLevel level) {
            if (level == null) {
                throw new IllegalArgumentException("logLevel is required");
            }
            return number(LOG_LEVEL, "logLevel", level.ordinal() + 1L);
        }

        /**
         * Where lines go: to SLF4J where the host has it, otherwise to {@code java.util.logging}, under the name
         * {@code PayNow}. Called on the client's completion thread; no line holds an API key or a token.
         *
         * @param sink what takes a line
         * @return this
         */
        public Builder log(BiConsumer<LogLevel, String> sink) {
            log = sink;
            return this;
        }

        /**
         * Tells whether the calling thread runs the game's ticks, where the host can tell: {@code Bukkit::isPrimaryThread}, say.
         * Waiting for a pending future there throws, as it does on a thread that drains a {@link TickExecutor}.
         *
         * @param isTickThread called by a thread that is about to wait, and only then
         * @return this
         */
        public Builder tickThreads(BooleanSupplier isTickThread) {
            ticks = isTickThread;
            return this;
        }

        /**
         * Who hears of what handlers throw: by default a line at {@link LogLevel#WARN} with the stack trace, on the thread of the
         * handler. A {@link PayNowException} that a handler hands on is not one of them.
         *
         * @param sink what is told
         * @return this
         */
        public Builder handlerFailures(HandlerFailures sink) {
            failures = sink;
            return this;
        }

        /**
         * Where the native library may be unpacked: a plugin's own folder. Otherwise, and when it cannot be loaded from there,
         * {@code java.io.tmpdir} is used. The system property {@code paynowbridge.library.path} names the library itself, and
         * then nothing else is tried.
         *
         * @param folder the folder; made if need be
         * @return this
         */
        public Builder nativeFolder(Path folder) {
            nativeFolder = folder;
            return this;
        }

        /**
         * Loads the library, if this is the first client, and starts the client: two threads now, workers with the first
         * requests. Nothing touches the network.
         *
         * @return the client
         * @throws IllegalArgumentException when a setting cannot be used; it is named
         * @throws PayNowException.NativeLoad when the native library cannot be loaded; the message says what to do
         */
        public PayNowClient build() {
            try {
                NativeLibrary.load(nativeFolder);
            } catch (LoadFailure e) {
                throw new PayNowException.NativeLoad(e.getMessage(), e.tried(), e.getCause());
            }
            BiConsumer<LogLevel, String> sink = log == null ? HostLog.ofHost() : log;
            int places = Math.min(maxOutstanding, MOST_OUTSTANDING);
            long deadlineMs = numbers[DEADLINE] == Native.UNSET ? DEFAULT_DEADLINE_MS : numbers[DEADLINE];
            Engine.Hooks hooks = new Engine.Hooks(sink, ticks, failures, deadlineMs);
            return new PayNowClient(Engine.start(texts.clone(), numbers.clone(), places, hooks));
        }

        /** Leaves the key out. */
        @Override
        public String toString() {
            return "PayNowClient.Builder[storeId=" + texts[STORE_ID] + "]";
        }
    }
}
