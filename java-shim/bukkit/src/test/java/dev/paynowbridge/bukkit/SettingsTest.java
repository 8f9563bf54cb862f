package dev.paynowbridge.bukkit;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.paynowbridge.sandbox.Sandbox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What config.yml may say, and what not. */
class SettingsTest extends OnServer {
    private static final String FROM_FILE = "api-key:\n  file: key.txt\n";

    private String refused(String more) {
        server.console.forget();
        reload(more);
        String heard = server.console.heard();
        assertTrue(heard.contains("That did not work, and nothing was changed: "), heard);
        answer(server.console, "paynow lookup Notch", NOTCH_ID);
        return heard;
    }

    @Test
    void theKeyComesFromAFileOfItsOwnersOwn() throws IOException {
        Path file = write("key.txt", Sandbox.KEY + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        reload(FROM_FILE);
        answer(server.console, "paynow status", "API key from the file " + file);
        answer(server.console, "paynow lookup Notch", NOTCH_ID);
        assertFalse(server.log().contains(Sandbox.KEY), "the log holds the key");
    }

    @Test
    void aKeyFileThatOthersCanReadIsRefused() throws IOException {
        Path file = write("key.txt", Sandbox.KEY);
        for (String mode : new String[] {"rw-r-----", "rw----r--"}) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
            String heard = refused(FROM_FILE);
            assertTrue(heard.contains("apiKeyFile"), heard);
        }
        Files.delete(file);
        refused(FROM_FILE);
        assertFalse(server.log().contains(Sandbox.KEY), "the log holds the key");
    }

    @Test
    void theEnvironmentComesFirst() {
        server.disable(plugin);
        configure("api-key:\n  value: wrong\nstore-id: ''\n");
        plugin = new PayNowPlugin(Map.of("PAYNOW_API_KEY", Sandbox.KEY, "PAYNOW_STORE_ID", Sandbox.STORE)::get);
        server.enable(plugin);
        answer(server.console, "paynow status", "API key from the environment variable PAYNOW_API_KEY");
        answer(server.console, "paynow lookup Notch", NOTCH_ID);
        assertFalse(server.log().contains(Sandbox.KEY), "the log holds the key");
    }

    @Test
    void whatCannotBeIsRefusedByNameAndTheOldSettingsStay() {
        Map<String, String> wrong = Map.of(
                "timeouts:\n  deadline-ms: soon\n", "timeouts.deadline-ms",
                "timeouts:\n  connect-ms: 0\n", "timeouts.connect-ms",
                "cache:\n  seconds: -1\n", "cache.seconds",
                "gift-cards:\n  per-player: 0\n", "gift-cards.per-player",
                "gift-cards:\n  decimals: 99\n", "gift-cards.decimals",
                "warm-up: perhaps\n", "warm-up",
                "api-base: http://api.paynow.gg\n", "apiBase",
                "store-id: my-store\n", "storeId",
                "store-id: ''\n", "store-id",
                "api-key:\n  file: \"a\\0b\"\n", "api-key.file");
        wrong.forEach((more, name) -> assertTrue(refused(more).contains(name), server.console.heard()));
    }

    @Test
    void aFreshInstallationWritesItsFilesAndSaysWhatIsMissing() throws IOException {
        server.disable(plugin);
        Files.delete(server.folder("PayNow").resolve("config.yml"));
        Files.delete(server.folder("PayNow").resolve("messages.yml"));
        plugin = new PayNowPlugin(NO_ENVIRONMENT);
        server.enable(plugin);
        assertTrue(Files.readString(server.folder("PayNow").resolve("config.yml")).contains("store-id: ''"));
        assertTrue(Files.exists(server.folder("PayNow").resolve("messages.yml")));
        assertTrue(server.log().contains("store-id in config.yml is empty"), server.log());
    }
}
