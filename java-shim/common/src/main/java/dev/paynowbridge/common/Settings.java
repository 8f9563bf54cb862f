package dev.paynowbridge.common;

import dev.paynowbridge.NetworkConfig;
import dev.paynowbridge.PayNowClient;
import java.io.File;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * What config.yml says, checked.
 *
 * @param storeId the store
 * @param key where the API key comes from
 * @param apiBase where the API is
 * @param deadline how long a command waits
 * @param connectTimeout how long one attempt to connect may take
 * @param warmConnections how many connections are held ready
 * @param perSecond how many requests a second may be sent; 0: what refusals teach
 * @param network what joins the other servers
 * @param cache how long a customer is remembered
 * @param cacheUnknown how long it is remembered that there is no such customer
 * @param cacheStale how old an answer may be while PayNow cannot be reached
 * @param bedrockPrefix what the names of Bedrock players begin with; empty: ask Floodgate
 * @param warmUp whether players are looked up while they log in
 * @param warmUpPerMinute how many of them in a minute
 * @param flightRecorder whether it is noted how requests go
 * @param metrics where metrics are served; empty: nowhere
 * @param giftCards how gift cards are guarded and shown
 */
record Settings(
        String storeId,
        KeySource key,
        URI apiBase,
        Duration deadline,
        Duration connectTimeout,
        int warmConnections,
        int perSecond,
        Optional<Network> network,
        Duration cache,
        Duration cacheUnknown,
        Duration cacheStale,
        Optional<String> bedrockPrefix,
        boolean warmUp,
        int warmUpPerMinute,
        boolean flightRecorder,
        Optional<InetSocketAddress> metrics,
        GiftCards giftCards) {
    private static final long DAY_MS = 24L * 60 * 60 * 1000;
    private static final long YEAR_S = 366L * 24 * 60 * 60;
    private static final String AUTO = "auto";
    private static final String OCTET = "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])";
    /** As many as the client has workers: each uses one at a time. */
    private static final long MOST_CONNECTIONS = 64;
    /** As the library calls them, and as the owner does. */
    private static final String[][] NAMES = {
        {"apiKeyFile", "api-key.file"}, {"apiBase", "api-base"}, {"storeId", "store-id"},
        {"rateLimit", "requests-per-second"}, {"network.caFile", "network.ca-file"},
        {"network.serverName", "network.server-name"}, {"network.passwordFile", "network.password.file"},
        {"network.sentinelName", "network.sentinel-name"}, {"network.timeout", "network.timeout-ms"},
        {"connectTimeout", "timeouts.connect-ms"}, {"deadline", "timeouts.deadline-ms"},
        {"warmConnections", "warm-connections"},
        {"cacheTtl", "cache.seconds"}, {"cacheNegativeTtl", "cache.unknown-seconds"}, {"cacheStale", "cache.stale-seconds"}
    };

    /**
     * How gift cards are guarded and shown.
     *
     * @param perPlayer wrong codes a player may try
     * @param allPlayers wrong codes all may try
     * @param within in which time
     * @param decimals digits after the point
     */
    record GiftCards(int perPlayer, int allPlayers, Duration within, int decimals) {}

    /**
     * What joins the other servers.
     *
     * @param addresses where it is
     * @param tls whether the connection is encrypted
     * @param caFile certificates to trust
     * @param serverName the name in the certificate; empty: that of the address
     * @param user the user; empty: the usual one
     * @param password the password
     * @param database the database
     * @param sentinelName the master's name; empty: the addresses are not those of Sentinels
     * @param id which network; empty: the store's only one
     * @param timeout how long a request waits for it
     */
    record Network(
            String addresses,
            boolean tls,
            Optional<Path> caFile,
            String serverName,
            String user,
            Password password,
            int database,
            String sentinelName,
            String id,
            Duration timeout) {
        NetworkConfig config() {
            NetworkConfig config = NetworkConfig.at(addresses)
                    .tls(tls)
                    .serverName(serverName)
                    .user(user)
                    .database(database)
                    .sentinelName(sentinelName)
                    .id(id)
                    .timeout(timeout);
            caFile.ifPresent(config::caFile);
            password.giveTo(config);
            return config;
        }
    }

    /**
     * A password. Shows nothing of it.
     *
     * @param value the password; empty: it is in the file, or none is needed
     * @param file its file
     */
    record Password(String value, Optional<Path> file) {
        private void giveTo(NetworkConfig config) {
            if (file.isPresent()) {
                config.passwordFile(file.get());
            } else if (!value.isEmpty()) {
                config.password(value);
            }
        }

        @Override
        public String toString() {
            return "Password";
        }
    }

    static Settings read(Document config, File folder, UnaryOperator<String> environment) throws SetupException {
        Document delivered = Document.delivered(OwnersFiles.CONFIG);
        String unknown = config.unknownAmong(delivered);
        if (unknown != null) {
            throw new SetupException(unknown);
        }
        return new Source(config, delivered, environment).settings(folder);
    }

    /** A builder with all of it. Which edition a player has is decided here, never by the library from a name. */
    PayNowClient.Builder builder() {
        PayNowClient.Builder builder = key.give(PayNowClient.builder(storeId))
                .apiBase(apiBase.toString())
                .deadline(deadline)
                .connectTimeout(connectTimeout)
                .warmConnections(warmConnections)
                .cacheTtl(cache)
                .cacheNegativeTtl(cacheUnknown)
                .cacheStale(cacheStale)
                .flightRecorder(flightRecorder)
                .bedrockPrefix("");
        if (perSecond > 0) {
            builder.rateLimit(perSecond, 0);
        }
        network.ifPresent(joined -> builder.network(joined.config()));
        return builder;
    }

    /** The library's words about a setting, with the owner's name for it. */
    String explained(String problem) {
        String words = problem;
        for (String[] names : NAMES) {
            words = words.replaceAll("\\b" + names[0] + "\\b", names[1]);
        }
        return words.replaceAll("\\bapiKey\\b", "the API key from " + java.util.regex.Matcher.quoteReplacement(key.toString()));
    }

    /** Reads and checks one value after the other. */
    private record Source(Document config, Document delivered, UnaryOperator<String> environment) {
        Settings settings(File folder) throws SetupException {
            return new Settings(
                    storeId(),
                    key(folder),
                    address("api-base"),
                    Duration.ofMillis(number("timeouts.deadline-ms", 1, DAY_MS)),
                    Duration.ofMillis(number("timeouts.connect-ms", 1, DAY_MS)),
                    (int) number("warm-connections", 0, MOST_CONNECTIONS),
                    (int) number("requests-per-second", 0, 100_000),
                    network(folder),
                    Duration.ofSeconds(number("cache.seconds", 0, YEAR_S)),
                    Duration.ofSeconds(number("cache.unknown-seconds", 0, YEAR_S)),
                    Duration.ofSeconds(number("cache.stale-seconds", 0, YEAR_S)),
                    Optional.of(text("bedrock-prefix")).filter(prefix -> !prefix.equals(AUTO)),
                    bool("warm-up"),
                    (int) number("warm-up-per-minute", 1, 100_000),
                    bool("flight-recorder"),
                    listen("metrics.listen"),
                    new GiftCards(
                            (int) number("gift-cards.per-player", 1, 1_000),
                            (int) number("gift-cards.all-players", 1, 100_000),
                            Duration.ofSeconds(number("gift-cards.seconds", 1, YEAR_S)),
                            (int) number("gift-cards.decimals", 0, 6)));
        }

        private String text(String path) {
            String value = config.text(path);
            return (value == null ? delivered.text(path) : value).trim();
        }

        private long number(String path, long least, long most) throws SetupException {
            String text = text(path);
            try {
                long value = text.startsWith("+") ? -1 : Long.parseLong(text);
                if (value >= least && value <= most) {
                    return value;
                }
            } catch (NumberFormatException e) {
                // Said below.
            }
            throw config.wrong(path, "must be a whole number from " + least + " to " + most);
        }

        private boolean bool(String path) throws SetupException {
            return switch (text(path)) {
                case "true" -> true;
                case "false" -> false;
                default -> throw config.wrong(path, "must be true or false");
            };
        }

        private URI address(String path) throws SetupException {
            try {
                URI address = new URI(text(path)).parseServerAuthority();
                boolean web = "https".equalsIgnoreCase(address.getScheme()) || "http".equalsIgnoreCase(address.getScheme());
                if (web && address.getHost() != null) {
                    return address;
                }
            } catch (URISyntaxException e) {
                // Said below.
            }
            throw config.wrong(path, "must be an address such as https://api.paynow.gg");
        }

        /** An address of this machine by its number: asking for a name would wait. */
        private Optional<InetSocketAddress> listen(String path) throws SetupException {
            String text = text(path);
            if (text.isEmpty()) {
                return Optional.empty();
            }
            int colon = text.lastIndexOf(':');
            String host = colon < 0 ? "" : text.substring(0, colon);
            if (host.equals("localhost") || host.matches("\\[.+]|" + OCTET + "(\\." + OCTET + "){3}")) {
                try {
                    int port = Integer.parseInt(text.substring(colon + 1));
                    InetAddress address = InetAddress.getByName(host.equals("localhost") ? "127.0.0.1" : host);
                    if (port > 0) {
                        return Optional.of(new InetSocketAddress(address, port));
                    }
                } catch (IllegalArgumentException | UnknownHostException e) {
                    // Said below.
                }
            }
            throw config.wrong(path, "must be an address of this machine and a port, such as 127.0.0.1:9225");
        }

        private String variable(String name) {
            String value = name.isEmpty() ? null : environment.apply(name);
            return value == null ? "" : value.trim();
        }

        private String storeId() throws SetupException {
            String id = text("store-id");
            String found = id.isEmpty() ? variable("PAYNOW_STORE_ID") : id;
            if (found.isEmpty()) {
                throw config.wrong("store-id", "is empty; the id is in the PayNow dashboard");
            }
            return found;
        }

        private Optional<Network> network(File folder) throws SetupException {
            boolean tls = bool("network.tls");
            int database = (int) number("network.database", 0, Integer.MAX_VALUE);
            Duration timeout = Duration.ofMillis(number("network.timeout-ms", 1, 10_000));
            String addresses = text("network.addresses");
            if (addresses.isEmpty()) {
                return Optional.empty();
            }
            return Optional.of(new Network(
                    addresses, tls, path(folder, "network.ca-file"), text("network.server-name"), text("network.user"),
                    password(folder), database, text("network.sentinel-name"), text("network.id"), timeout));
        }

        private Password password(File folder) throws SetupException {
            String name = text("network.password.environment");
            String password = variable(name);
            if (!password.isEmpty()) {
                return new Password(password, Optional.empty());
            }
            Optional<Path> file = path(folder, "network.password.file");
            String value = text("network.password.value");
            if (!name.isEmpty() && file.isEmpty() && value.isEmpty()) {
                // The name is not shown: it may be the password.
                throw config.wrong("network.password.environment", "names an environment variable that is not set");
            }
            return new Password(value, file);
        }

        private Optional<Path> path(File folder, String path) throws SetupException {
            String file = text(path);
            try {
                return file.isEmpty() ? Optional.empty() : Optional.of(folder.toPath().resolve(file));
            } catch (InvalidPathException e) {
                throw config.wrong(path, "is not a path");
            }
        }

        private KeySource key(File folder) throws SetupException {
            String name = text("api-key.environment");
            String key = variable(name);
            if (!key.isEmpty()) {
                return KeySource.environment(name, key);
            }
            String file = text("api-key.file");
            if (!file.isEmpty()) {
                try {
                    return KeySource.file(folder.toPath().resolve(file));
                } catch (InvalidPathException e) {
                    throw config.wrong("api-key.file", "is not a path");
                }
            }
            String value = text("api-key.value");
            if (value.isEmpty()) {
                throw new SetupException("there is no API key. "
                        + (name.isEmpty() ? "" : "Set the environment variable " + name + ", or ")
                        + (name.isEmpty() ? "Set " : "set ") + "api-key.file or api-key.value in config.yml.");
            }
            return KeySource.config(value);
        }
    }
}
