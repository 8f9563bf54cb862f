package dev.paynowbridge.common;

import dev.paynowbridge.PayNowClient;
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
 * @param cache how long a customer is remembered
 * @param cacheUnknown how long it is remembered that there is none
 * @param cacheStale how old an answer may be while PayNow cannot be reached
 * @param bedrockPrefix what stands before Bedrock names; empty: ask Floodgate
 * @param warmUp whether players are asked for while they log in
 * @param giftCards how gift cards are guarded and shown
 */
record Settings(
        String storeId,
        KeySource key,
        String apiBase,
        Duration deadline,
        Duration connectTimeout,
        Duration cache,
        Duration cacheUnknown,
        Duration cacheStale,
        Optional<String> bedrockPrefix,
        boolean warmUp,
        GiftCards giftCards) {
    private static final long DAY_MS = 24L * 60 * 60 * 1000;
    private static final long YEAR_S = 366L * 24 * 60 * 60;
    private static final String AUTO = "auto";

    /**
     * How gift cards are guarded and shown.
     *
     * @param perPlayer wrong codes a player may try
     * @param allPlayers wrong codes all may try
     * @param within in which time
     * @param decimals digits after the point
     */
    record GiftCards(int perPlayer, int allPlayers, Duration within, int decimals) {}

    static Settings read(UnaryOperator<String> config, Path folder, UnaryOperator<String> environment) throws SetupException {
        return new Source(config, environment).settings(folder);
    }

    /** A builder with all of it. */
    PayNowClient.Builder builder(Identities identities) {
        return key.give(PayNowClient.builder(storeId))
                .apiBase(apiBase)
                .deadline(deadline)
                .connectTimeout(connectTimeout)
                .cacheTtl(cache)
                .cacheNegativeTtl(cacheUnknown)
                .cacheStale(cacheStale)
                .bedrockPrefix(bedrockPrefix.orElseGet(identities::bedrockPrefix));
    }

    /** Reads and checks one value after the other. */
    private record Source(UnaryOperator<String> config, UnaryOperator<String> environment) {
        Settings settings(Path folder) throws SetupException {
            return new Settings(
                    storeId(),
                    key(folder),
                    text("api-base"),
                    Duration.ofMillis(number("timeouts.deadline-ms", 1, DAY_MS)),
                    Duration.ofMillis(number("timeouts.connect-ms", 1, DAY_MS)),
                    Duration.ofSeconds(number("cache.seconds", 0, YEAR_S)),
                    Duration.ofSeconds(number("cache.unknown-seconds", 0, YEAR_S)),
                    Duration.ofSeconds(number("cache.stale-seconds", 0, YEAR_S)),
                    Optional.of(text("bedrock-prefix")).filter(prefix -> !prefix.equals(AUTO)),
                    bool("warm-up"),
                    new GiftCards(
                            (int) number("gift-cards.per-player", 1, 1_000),
                            (int) number("gift-cards.all-players", 1, 100_000),
                            Duration.ofSeconds(number("gift-cards.seconds", 1, YEAR_S)),
                            (int) number("gift-cards.decimals", 0, 6)));
        }

        private String text(String path) {
            String value = config.apply(path);
            return value == null ? "" : value.trim();
        }

        private long number(String path, long least, long most) throws SetupException {
            try {
                long value = Long.parseLong(text(path));
                if (value >= least && value <= most) {
                    return value;
                }
            } catch (NumberFormatException e) {
                // Said below.
            }
            throw new SetupException(path + " in config.yml must be a whole number from " + least + " to " + most + ".");
        }

        private boolean bool(String path) throws SetupException {
            return switch (text(path)) {
                case "true" -> true;
                case "false" -> false;
                default -> throw new SetupException(path + " in config.yml must be true or false.");
            };
        }

        private String variable(String name) {
            String value = name.isEmpty() ? null : environment.apply(name);
            return value == null ? "" : value.trim();
        }

        private String storeId() throws SetupException {
            String id = text("store-id");
            String found = id.isEmpty() ? variable("PAYNOW_STORE_ID") : id;
            if (found.isEmpty()) {
                throw new SetupException("store-id in config.yml is empty; it is in the PayNow dashboard.");
            }
            return found;
        }

        private KeySource key(Path folder) throws SetupException {
            String name = text("api-key.environment");
            String key = variable(name);
            if (!key.isEmpty()) {
                return KeySource.environment(name, key);
            }
            String file = text("api-key.file");
            if (!file.isEmpty()) {
                try {
                    return KeySource.file(folder.resolve(file));
                } catch (InvalidPathException e) {
                    throw new SetupException("api-key.file in config.yml is no path.");
                }
            }
            String value = text("api-key.value");
            if (value.isEmpty()) {
                throw new SetupException("there is no API key: set the environment variable, the file or the value that"
                        + " config.yml names under api-key.");
            }
            return KeySource.config(value);
        }
    }
}
