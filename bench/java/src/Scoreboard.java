import dev.paynowbridge.PayNowService;
import dev.paynowbridge.common.Bridge;
import dev.paynowbridge.common.Host;
import dev.paynowbridge.common.Placeholders;
import dev.paynowbridge.common.Sender;
import dev.paynowbridge.common.Visitor;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.logging.Level;
import java.util.logging.Logger;

/** The plugin without a server, and a scoreboard of twenty placeholders that each player sees. */
final class Scoreboard implements AutoCloseable {
    private static final String[] LINES = {
        "customer_id", "name", "is_customer", "since", "metadata_discord_id", "metadata_rank", "metadata_no_such_key", "name", "since",
        "is_customer", "customer_id", "name", "is_customer", "since", "metadata_discord_id", "metadata_rank", "metadata_no_such_key", "name",
        "since", "is_customer"
    };

    private final Path folder = Files.createTempDirectory("scoreboard");
    private final Bridge bridge;
    private final Placeholders placeholders;

    Scoreboard(String base) throws IOException {
        Files.writeString(folder.resolve("config.yml"), "store-id: '" + Peer.STORE + "'\napi-base: " + base + "\napi-key:\n  value: "
                + Peer.KEY + "\nwarm-up-per-minute: 100000\ncache:\n  seconds: 3600\n");
        bridge = new Bridge(new NoServer(folder.toFile()), name -> null);
        bridge.enable();
        placeholders = bridge.placeholders();
    }

    int lines() {
        return LINES.length;
    }

    boolean isKnown(UUID player) {
        return placeholders.of(player, "Notch").isKnown();
    }

    /** All lines of one player, as PlaceholderAPI asks for them: each by itself. */
    long show(UUID player) {
        long length = 0;
        for (String line : LINES) {
            length += placeholders.of(player, "Notch").text(line).length();
        }
        return length;
    }

    @Override
    public void close() {
        bridge.disable();
    }

    /** A server that has nothing but a folder. */
    private record NoServer(File folder) implements Host {
        @Override
        public String pluginName() {
            return "PayNowBridge";
        }

        @Override
        public boolean isEnabled() {
            return true;
        }

        @Override
        public Logger log() {
            Logger quiet = Logger.getAnonymousLogger();
            quiet.setLevel(Level.OFF);
            return quiet;
        }

        @Override
        public boolean isOnlineMode() {
            return true;
        }

        @Override
        public boolean isTickThread() {
            return false;
        }

        @Override
        public Optional<String> otherPlugin(String name) {
            return Optional.empty();
        }

        @Override
        public boolean hasOldVersion() {
            return false;
        }

        @Override
        public Optional<String> ownerOf(Class<?> type) {
            return Optional.empty();
        }

        @Override
        public Collection<Visitor> online() {
            return List.of();
        }

        @Override
        public Optional<Visitor> online(String name) {
            return Optional.empty();
        }

        @Override
        public Optional<Visitor> online(UUID id) {
            return Optional.empty();
        }

        @Override
        public void run(Sender receiver, Runnable task) {}

        @Override
        public void eachTick(Runnable task) {}

        @Override
        public void publish(PayNowService service) {}

        @Override
        public void withdraw(PayNowService service) {}
    }
}
