package dev.paynowbridge.bukkit;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.paynowbridge.PayNowService;
import dev.paynowbridge.sandbox.Sandbox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What config.yml may say, and what not. */
class SettingsTest extends OnServer {
    private static final String FROM_FILE = "api-key:\n  file: key.txt\n";

    private String refused(String more) {
        server.console.forget();
        reload(more);
        String heard = server.console.heard();
        assertTrue(heard.contains("Nothing was changed: "), heard);
        answer(server.console, "paynowbridge lookup Notch", NOTCH_ID);
        return heard;
    }

    @Test
    void theKeyComesFromAFileOfItsOwnersOwn() throws IOException {
        Path file = write("key.txt", Sandbox.KEY + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        reload(FROM_FILE);
        answer(server.console, "paynowbridge status", "API key from the file " + file);
        answer(server.console, "paynowbridge lookup Notch", NOTCH_ID);
        assertFalse(server.log().contains(Sandbox.KEY), "the log holds the key");
    }

    @Test
    void aKeyFileThatOthersCanReadIsRefused() throws IOException {
        Path file = write("key.txt", Sandbox.KEY);
        for (String mode : new String[] {"rw-r-----", "rw----r--"}) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
            String heard = refused(FROM_FILE);
            assertTrue(heard.contains("api-key.file"), heard);
        }
        Files.delete(file);
        refused(FROM_FILE);
        assertFalse(server.log().contains(Sandbox.KEY), "the log holds the key");
    }

    @Test
    void theEnvironmentComesFirst() {
        server.disable(plugin);
        configure("api-key:\n  value: wrong\nstore-id: ''\n");
        plugin = new PayNowBridgePlugin(Map.of("PAYNOW_API_KEY", Sandbox.KEY, "PAYNOW_STORE_ID", Sandbox.STORE)::get);
        server.enable(plugin);
        answer(server.console, "paynowbridge status", "API key from the environment variable PAYNOW_API_KEY");
        answer(server.console, "paynowbridge lookup Notch", NOTCH_ID);
        assertFalse(server.log().contains(Sandbox.KEY), "the log holds the key");
    }

    @Test
    void whatCannotBeIsRefusedByNameAndTheOldSettingsStay() {
        List<String> wrong = List.of(
                "timeouts:\n  deadline-ms: soon\n", "timeouts.deadline-ms",
                "timeouts:\n  connect-ms: 0\n", "timeouts.connect-ms",
                "warm-connections: 65\n", "warm-connections",
                "warm-connections: none\n", "warm-connections",
                "requests-per-second: -1\n", "requests-per-second",
                "requests-per-second: 2.5\n", "requests-per-second",
                "requests-per-second: 100001\n", "requests-per-second",
                "cache:\n  seconds: -1\n", "cache.seconds",
                "gift-cards:\n  per-player: 0\n", "gift-cards.per-player",
                "gift-cards:\n  decimals: 99\n", "gift-cards.decimals",
                "warm-up: perhaps\n", "warm-up",
                "api-base: http://api.paynow.gg\n", "api-base",
                "store-id: my-store\n", "store-id",
                "store-id: ''\n", "store-id",
                "api-key:\n  file: \"a\\0b\"\n", "api-key.file");
        for (int place = 0; place < wrong.size(); place += 2) {
            assertTrue(refused(wrong.get(place)).contains(wrong.get(place + 1)), server.console.heard());
        }
    }

    @Test
    void soManyConnectionsAreHeldReady() {
        PayNowService service = server.load(PayNowService.class);
        reload("warm-connections: 3\n");
        server.until(() -> service.stats().orElseThrow().warmConnections() == 3, "three are open");
    }

    @Test
    void aFreshInstallationWritesItsFilesAndSaysWhatIsMissing() throws IOException {
        server.disable(plugin);
        Files.delete(server.folder("PayNowBridge").resolve("config.yml"));
        Files.delete(server.folder("PayNowBridge").resolve("messages.yml"));
        plugin = new PayNowBridgePlugin(NO_ENVIRONMENT);
        server.enable(plugin);
        assertTrue(Files.readString(server.folder("PayNowBridge").resolve("config.yml")).contains("store-id: ''"));
        assertTrue(Files.exists(server.folder("PayNowBridge").resolve("messages.yml")));
        assertTrue(server.log().contains("store-id is empty"), server.log());
    }

    private String broken(String file, String text) {
        write(file, text);
        server.console.forget();
        server.dispatch(server.console, "paynowbridge reload");
        String heard = server.console.heard();
        answer(server.console, "paynowbridge lookup Notch", NOTCH_ID);
        configure("");
        try {
            Files.deleteIfExists(server.folder("PayNowBridge").resolve("messages.yml"));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return heard;
    }

    @Test
    void brokenFilesAreRefusedAndTheOldOnesStay() {
        String tab = broken("config.yml", "store-id: '1'\ncache:\n\tseconds: 1\n");
        assertTrue(tab.contains("Nothing was changed: config.yml, line 3: this is not YAML"), tab);
        assertTrue(tab.contains("Indent with spaces, not with tabs."), tab);
        String unquoted = broken("messages.yml", "prefix: ''\nlookup:\n  found: &a{who}\n");
        assertTrue(unquoted.contains("Nothing was changed: messages.yml, line 3: "), unquoted);
        assertTrue(server.console.heard().contains("[PayNow]"), "the old words");
        String unknown = broken("config.yml", "stor-id: '1'\n");
        assertTrue(unknown.contains("config.yml, line 1: stor-id is unknown; store-id is probably meant"), unknown);
    }

    @Test
    void unknownWordsAreNamedAndDoNoHarm() {
        write("messages.yml", "prefix: ''\nlookup:\n  fund: 'x'\n");
        server.console.forget();
        server.dispatch(server.console, "paynowbridge reload");
        assertTrue(server.console.heard().contains("Reloaded config.yml and messages.yml."), server.console.heard());
        assertTrue(server.console.heard().contains("lookup.fund is unknown; lookup.found is probably meant"), server.console.heard());
    }

    @Test
    void aBrokenFileAtTheStartIsSaidAndTheRestWorks() {
        server.disable(plugin);
        write("messages.yml", "prefix: &c\n");
        plugin = new PayNowBridgePlugin(NO_ENVIRONMENT);
        server.enable(plugin);
        assertTrue(server.log().contains("WARNING messages.yml, line 1: "), server.log());
        answer(server.console, "paynowbridge lookup Notch", NOTCH_ID);
    }

    @Test
    void settingsOfVersion01AreCopied() throws IOException {
        server.disable(plugin);
        Path old = server.folder("PayNow").resolve("config.yml");
        Files.createDirectories(old.getParent());
        Files.move(server.folder("PayNowBridge").resolve("config.yml"), old);
        Files.writeString(old, "gift-cards:\n  per-player: 3\n", java.nio.file.StandardOpenOption.APPEND);
        plugin = new PayNowBridgePlugin(NO_ENVIRONMENT);
        server.enable(plugin);
        assertTrue(server.log().contains("Copied the settings of version 0.1"), server.log());
        answer(server.console, "paynowbridge lookup Notch", NOTCH_ID);
    }
}
