package dev.paynowbridge.common;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.logging.Logger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Settings of version 0.1 are copied once, from a folder that belongs to another plugin. */
class MigrationTest {
    private static final String OURS = "store-id: '1'\napi-key:\n  file: key.txt\ngift-cards:\n  per-player: 3\n";

    @TempDir
    Path plugins;

    private Path old;
    private Path own;

    @BeforeEach
    void folders() throws IOException {
        old = Files.createDirectory(plugins.resolve("PayNow"));
        own = plugins.resolve("PayNowBridge");
    }

    private void migrate() {
        Logger log = Logger.getAnonymousLogger();
        log.setUseParentHandlers(false);
        Migration.run(own.toFile(), log);
    }

    @Test
    void ourSettingsAreCopiedOnceWithTheirKeyFile() throws IOException {
        Files.writeString(old.resolve("config.yml"), OURS);
        Path key = Files.writeString(old.resolve("key.txt"), "pnapi_x");
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
        migrate();
        assertEquals(OURS, Files.readString(own.resolve("config.yml")));
        assertEquals("pnapi_x", Files.readString(own.resolve("key.txt")));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(own.resolve("key.txt"))));
        assertEquals(OURS, Files.readString(old.resolve("config.yml")), "nothing is changed there");
        Files.writeString(own.resolve("config.yml"), "changed: 1\n");
        migrate();
        assertEquals("changed: 1\n", Files.readString(own.resolve("config.yml")), "once");
    }

    @Test
    void theOtherPluginsSettingsAreNotOurs() throws IOException {
        for (String theirs : new String[] {"ApiToken: x\n", "api-key: x\n", "a: [\n", ""}) {
            Files.writeString(old.resolve("config.yml"), theirs);
            migrate();
            assertFalse(Files.exists(own.resolve("config.yml")), theirs);
        }
    }
}
