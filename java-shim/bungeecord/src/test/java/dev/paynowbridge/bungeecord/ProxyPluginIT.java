package dev.paynowbridge.bungeecord;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.paynowbridge.sandbox.Compiled;
import dev.paynowbridge.sandbox.LuckPermsInMemory;
import dev.paynowbridge.sandbox.Redis;
import dev.paynowbridge.sandbox.Sandbox;
import inmemory.MemoryProxy;
import inmemory.MemorySender;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import net.md_5.bungee.api.connection.ProxiedPlayer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The jar, loaded by BungeeCord's plugin manager. */
class ProxyPluginIT {
    private static final Path JAR = Path.of(System.getProperty("paynow.plugin.jar"));
    private static final UUID NOTCH = UUID.fromString("069a79f4-44e9-4726-a5be-fca90e38aaf5");
    private static final String NOTCH_ID = "421621336637440000";
    private static Sandbox sandbox;

    private MemoryProxy proxy;

    @BeforeAll
    static void startSandbox() {
        sandbox = new Sandbox();
    }

    @AfterAll
    static void stopSandbox() {
        sandbox.close();
    }

    @BeforeEach
    void startProxy() throws IOException {
        sandbox.reset();
        proxy = started("");
    }

    @AfterEach
    void stopProxy() {
        proxy.close();
    }

    private static MemoryProxy started(String more) throws IOException {
        MemoryProxy proxy = new MemoryProxy();
        configure(proxy, more);
        proxy.start();
        return proxy;
    }

    private static void configure(MemoryProxy proxy, String more) throws IOException {
        Path plugins = proxy.getPluginsFolder().toPath();
        Files.copy(JAR, plugins.resolve("paynow-bridge.jar"));
        Path config = plugins.resolve("PayNowBridge").resolve("config.yml");
        Files.createDirectories(config.getParent());
        Files.writeString(config, "store-id: '" + Sandbox.STORE + "'\napi-base: " + sandbox.base()
                + "\napi-key:\n  value: " + Sandbox.KEY + "\n" + more);
    }

    private static MemorySender player(String name, String... permissions) {
        return new MemorySender(name, Set.of(permissions));
    }

    private String answer(String command, String expected) {
        assertTrue(proxy.dispatch(command), "/" + command + ": no such command here");
        proxy.until(() -> proxy.console.heard().contains(expected), expected + "\nheard: " + proxy.console.heard());
        return proxy.console.heard();
    }

    @Test
    void theJarHoldsThePluginAndNothingOfTheProxy() throws IOException {
        Set<String> folders = new TreeSet<>();
        try (JarFile jar = new JarFile(JAR.toFile())) {
            for (Enumeration<JarEntry> entries = jar.entries(); entries.hasMoreElements(); ) {
                String name = entries.nextElement().getName();
                if (!name.endsWith("/") && !name.startsWith("META-INF/")) {
                    folders.add(name.startsWith("dev/paynowbridge/natives/") ? "natives"
                            : name.startsWith("dev/paynowbridge/libs/snakeyaml/") ? "snakeyaml"
                            : name.contains("/") ? name.substring(0, name.lastIndexOf('/')) : name);
                }
            }
            String yml = new String(jar.getInputStream(jar.getEntry("bungee.yml")).readAllBytes(), StandardCharsets.UTF_8);
            assertFalse(yml.contains("${"), yml);
            assertNotNull(jar.getEntry("META-INF/LICENSE-APACHE"));
        }
        assertEquals(
                new TreeSet<>(Set.of(
                        "bungee.yml", "natives", "snakeyaml", "dev/paynowbridge", "dev/paynowbridge/internal",
                        "dev/paynowbridge/common", "dev/paynowbridge/bungeecord")),
                folders);
    }

    @Test
    void theConsoleLooksAPlayerUp() {
        answer("pnbproxy lookup Notch", "Notch is customer " + NOTCH_ID);
    }

    @Test
    void theCommandOfTheServersIsNotHidden() {
        assertFalse(proxy.dispatch("paynowbridge status"));
        assertFalse(proxy.dispatch("pnb status"));
        String help = answer("pnbproxy", "/pnbproxy reload");
        assertFalse(help.contains("/paynowbridge"), help);
    }

    @Test
    void theFilesNameTheCommandOfTheProxy() throws IOException {
        String words = Files.readString(proxy.getPluginsFolder().toPath().resolve("PayNowBridge/messages.yml"));
        assertTrue(words.contains("/pnbproxy"), "the file that was put there");
        assertFalse(words.contains("/paynowbridge"), "the file that was put there");
    }

    @Test
    void aPlayerNeedsThePermissionThatTheOwnerGave() {
        MemorySender stranger = player("Stranger");
        ProxiedPlayer without = proxy.join(stranger, UUID.randomUUID(), true);
        proxy.getPluginManager().dispatchCommand(without, "pnbproxy lookup Notch");
        assertTrue(stranger.heard().contains("You do not have permission"), stranger.heard());
        MemorySender moderator = player("Moderator", "paynowbridge.lookup");
        ProxiedPlayer with = proxy.join(moderator, UUID.randomUUID(), true);
        proxy.getPluginManager().dispatchCommand(with, "pnbproxy lookup Notch");
        proxy.until(() -> moderator.heard().contains(NOTCH_ID), "an answer");
    }

    @Test
    void aPlayerIsLookedUpOnceTheyAreInAndThenKnown() throws Exception {
        proxy.join(player("Notch"), NOTCH, true);
        proxy.until(() -> sandbox.asked("lookup_customer") == 1, "the warm-up; asked: " + sandbox.log());
        String heard = answer("pnbproxy lookup Notch", "Known by the UUID of their Java account");
        assertTrue(heard.contains(NOTCH_ID), heard);
        assertEquals(1, sandbox.asked("lookup_customer"), "from memory");
    }

    @Test
    void aPlayerOfWhomMojangWasNotAskedIsNeverTheAccountOfTheirUuid() {
        proxy.join(player("Impostor"), NOTCH, false);
        proxy.until(() -> sandbox.asked("lookup_customer") == 1, "the warm-up");
        assertFalse(sandbox.log().contains(NOTCH.toString()), sandbox.log());
        String heard = answer("pnbproxy lookup Impostor", "not a customer");
        assertFalse(heard.contains(NOTCH_ID), heard);
    }

    @Test
    void whatAPlayerAskedEndsWithTheirSession() throws Exception {
        MemorySender notch = player("Notch", "paynowbridge.lookup", "paynowbridge.status");
        ProxiedPlayer player = proxy.join(notch, NOTCH, true);
        proxy.until(() -> sandbox.asked("lookup_customer") == 1, "the warm-up");
        sandbox.hang();
        proxy.getPluginManager().dispatchCommand(player, "pnbproxy lookup jeb_");
        proxy.until(() -> sandbox.asked("lookup_customer") == 2, "the question");
        proxy.quit(player);
        proxy.until(() -> {
            proxy.dispatch("pnbproxy status");
            return proxy.console.heard().contains(" 1 cancelled");
        }, "a cancelled request");
        sandbox.faults("{}");
    }

    @Test
    void anotherPluginFindsTheServiceInThePlugin() throws Exception {
        try (MemoryProxy two = new MemoryProxy()) {
            configure(two, "");
            Compiled.into(
                    two.getPluginsFolder().toPath().resolve("a-user.jar"), Path.of("src/test/plugin/UserPlugin.java"), JAR,
                    "bungee.yml", "name: User\nmain: UserPlugin\nversion: 1\nauthor: a test\ndepends: [PayNowBridge]\n");
            two.start();
            MemorySender notch = player("Notch");
            ProxiedPlayer player = two.join(notch, NOTCH, true);
            two.getPluginManager().dispatchCommand(player, "whoami");
            two.until(() -> notch.heard().contains("You are customer " + NOTCH_ID), "an answer; heard: " + notch.heard());
            assertTrue(two.dispatch("pnbproxy reload"));
            two.until(() -> two.console.heard().contains("accepts the API key"), "a reload");
            ProxiedPlayer other = two.join(notch, UUID.randomUUID(), true);
            two.getPluginManager().dispatchCommand(other, "whoami");
            two.until(() -> notch.heard().contains("You are new here."), "the same service still answers");
        }
    }

    @Test
    void luckPermsKnowsCustomers() throws Exception {
        try (LuckPermsInMemory luckPerms = new LuckPermsInMemory()) {
            ProxiedPlayer player;
            try (MemoryProxy two = new MemoryProxy()) {
                configure(two, "");
                Compiled.into(
                        two.getPluginsFolder().toPath().resolve("other.jar"), Path.of("src/test/plugin/OtherPlugin.java"), JAR,
                        "bungee.yml", "name: LuckPerms\nmain: OtherPlugin\nversion: 1\nauthor: a test\n");
                two.start();
                player = two.join(player("Notch"), NOTCH, true);
                two.until(() -> luckPerms.of(player).equals(List.of("paynowbridge:customer=true")), "an answer");
                assertEquals(1, sandbox.asked("lookup_customer"));
            }
            assertEquals(List.of(), luckPerms.of(player));
        }
    }

    @Test
    void aPlayerWhomTheProxyKnowsIsKnownInTheNetwork() throws Exception {
        assumeTrue(Redis.program().isPresent(), "redis-server is not installed");
        try (Redis redis = Redis.start("")) {
            // A busy machine may keep a server waiting for longer than it waits by default.
            String network = "network:\n  addresses: " + redis.address() + "\n  timeout-ms: 10000\n";
            try (MemoryProxy first = started(network); MemoryProxy second = started(network)) {
                for (MemoryProxy one : List.of(first, second)) {
                    one.until(() -> {
                        one.dispatch("pnbproxy status");
                        return one.console.heard().contains("The network answers. Servers in it: 2.");
                    }, "they know each other");
                }
                first.join(player("Notch"), NOTCH, true);
                first.until(() -> redis.ask(0, "KEYS", "*}:c:*").contains("}:c:"), "it is there");
                second.join(player("Notch"), NOTCH, true);
                second.until(() -> {
                    second.dispatch("pnbproxy status");
                    return second.console.heard().contains("Answers from other servers: 1.");
                }, "the warm-up");
                assertEquals(1, sandbox.asked("lookup_customer"), "PayNow was asked once");
            }
        }
    }

    @Test
    void theDoctorKnowsThatPurchasesMayBeDeliveredBehindTheProxy() {
        String heard = answer("pnbproxy doctor", "own plugin");
        assertTrue(heard.contains("here or on your servers"), heard);
        assertTrue(heard.contains("The API key works"), heard);
    }

    @Test
    void withoutSettingsItSaysWhatToDo() throws IOException {
        try (MemoryProxy bare = new MemoryProxy()) {
            Files.copy(JAR, bare.getPluginsFolder().toPath().resolve("paynow-bridge.jar"));
            bare.start();
            bare.until(() -> bare.log().contains("PayNow is not set up"), "the log");
            assertTrue(bare.log().contains("run /pnbproxy reload"), bare.log());
            assertNull(bare.getPlayer("Notch"));
        }
    }
}
