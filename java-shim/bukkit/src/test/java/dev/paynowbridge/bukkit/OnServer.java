package dev.paynowbridge.bukkit;

import dev.paynowbridge.sandbox.Sandbox;
import inmemory.MemoryPlayer;
import inmemory.MemorySender;
import inmemory.MemoryServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.geysermc.floodgate.api.FloodgateApi;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/** A sandbox, a server, and the plugin on it. */
abstract class OnServer {
    static final UUID NOTCH = UUID.fromString("069a79f4-44e9-4726-a5be-fca90e38aaf5");
    static final String NOTCH_ID = "421621336637440000";
    static final UnaryOperator<String> NO_ENVIRONMENT = name -> null;
    static Sandbox sandbox;

    MemoryServer server;
    PayNowBridgePlugin plugin;

    @BeforeAll
    static void startSandbox() {
        sandbox = new Sandbox();
    }

    @AfterAll
    static void stopSandbox() {
        sandbox.close();
    }

    @BeforeEach
    void startServer() {
        sandbox.reset();
        server = newServer();
        configure("");
        plugin = new PayNowBridgePlugin(NO_ENVIRONMENT);
        server.enable(plugin);
    }

    MemoryServer newServer() {
        return new MemoryServer();
    }

    @AfterEach
    void stopServer() {
        FloodgateApi.Holder.instance = null;
        sandbox.faults("{}");
        server.close();
    }

    /** Points the plugin at the sandbox; more lines of config.yml can follow, and win. */
    void configure(String more) {
        StringBuilder lines = new StringBuilder();
        if (!more.contains("store-id:")) {
            lines.append("store-id: '").append(Sandbox.STORE).append("'\n");
        }
        if (!more.contains("api-base:")) {
            lines.append("api-base: ").append(sandbox.base()).append('\n');
        }
        if (!more.contains("api-key:")) {
            lines.append("api-key:\n  value: ").append(Sandbox.KEY).append('\n');
        }
        write("config.yml", lines + more);
    }

    Path write(String file, String text) {
        Path path = server.folder("PayNowBridge").resolve(file);
        try {
            Files.createDirectories(path.getParent());
            return Files.writeString(path, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void reload(String more) {
        configure(more);
        server.dispatch(server.console, "paynowbridge reload");
    }

    MemoryPlayer join(String name, UUID id) {
        return server.join(name, id, false);
    }

    MemoryPlayer notch() {
        return join("Notch", NOTCH);
    }

    /** Gives a command and waits for words in the answer. */
    String answer(MemorySender sender, String command, String expected) {
        sender.forget();
        server.dispatch(sender, command);
        server.until(() -> sender.heard().contains(expected), command + " should say: " + expected + "\nbut: " + sender.heard());
        return sender.heard();
    }
}
