package dev.paynowbridge.sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A sandbox, a proxy with the plugin's jar on it, and what the plugin does on every proxy.
 *
 * @param <P> a player
 * @param <S> a session of one
 * @param <X> the proxy
 */
public abstract class ProxyCases<P extends Receiver, S, X extends ProxyInMemory<P, S>> {
    /** The plugin's. */
    protected static final Path JAR = Path.of(System.getProperty("paynow.plugin.jar"));
    /** A player who is a customer. */
    protected static final UUID NOTCH = UUID.fromString("069a79f4-44e9-4726-a5be-fca90e38aaf5");
    /** Their id in the store. */
    protected static final String NOTCH_ID = "421621336637440000";
    /** The store. */
    protected static Sandbox sandbox;

    /** With the plugin on it. */
    protected X proxy;

    /** A new one, with no plugins so far. */
    protected abstract X bare();

    /** A player of whom the owner has said that they have these permissions. */
    protected abstract P player(String name, String... permissions);

    /** What the plugin is called, and its folder. */
    protected abstract String plugin();

    /** The file in a jar that describes a plugin. */
    protected abstract String description();

    /** What that file says of UserPlugin, which needs this plugin. */
    protected abstract String userPlugin();

    /** The package of this plugin's main class. */
    protected abstract String ownPackage();

    /** What PayNow's own plugin is called. */
    protected abstract String officialPlugin();

    /** One of the proxy's threads that read what players send. */
    protected abstract String networkThread();

    @BeforeAll
    static void startSandbox() {
        sandbox = new Sandbox();
    }

    @AfterAll
    static void stopSandbox() {
        sandbox.close();
    }

    @BeforeEach
    void startProxy() throws IOException, ReflectiveOperationException {
        sandbox.reset();
        proxy = prepared("");
        proxy.start();
    }

    @AfterEach
    void stopProxy() throws IOException {
        proxy.close();
        sandbox.faults("{}");
    }

    /** A proxy that has the plugin and has to be started; more lines of config.yml can follow. */
    protected final X prepared(String more) throws IOException, ReflectiveOperationException {
        X made = bare();
        Path config = made.folder().resolve(plugin()).resolve("config.yml");
        Files.createDirectories(config.getParent());
        Files.writeString(config, "store-id: '" + Sandbox.STORE + "'\napi-base: " + sandbox.base()
                + "\napi-key:\n  value: " + Sandbox.KEY + "\n" + more);
        made.add(JAR);
        return made;
    }

    /** The same, beside another plugin. */
    protected final X beside(String other, String version) throws IOException, ReflectiveOperationException {
        X two = prepared("");
        two.pretend(other, version);
        two.start();
        return two;
    }

    /** What the console heard until the answer was there. */
    protected final String answer(String command, String expected) {
        return answer(proxy, command, expected);
    }

    private String answer(X from, String command, String expected) {
        assertTrue(from.dispatch(command), "/" + command + ": no such command here");
        from.until(() -> from.console().heard().contains(expected), expected + "\nheard: " + from.console().heard());
        return from.console().heard();
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
            String about = new String(jar.getInputStream(jar.getEntry(description())).readAllBytes(), StandardCharsets.UTF_8);
            assertFalse(about.contains("${"), about);
            assertNotNull(jar.getEntry("META-INF/LICENSE-APACHE"));
        }
        assertEquals(
                new TreeSet<>(Set.of(
                        description(), "natives", "snakeyaml", "dev/paynowbridge", "dev/paynowbridge/internal",
                        "dev/paynowbridge/common", ownPackage().replace('.', '/'))),
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
        String words = Files.readString(proxy.folder().resolve(plugin()).resolve("messages.yml"));
        assertTrue(words.contains("/pnbproxy"), "the file that was put there");
        assertFalse(words.contains("/paynowbridge"), "the file that was put there");
    }

    @Test
    void theLastWordIsCompleted() {
        assertEquals(List.of("reload", "revoke"), proxy.complete("pnbproxy re").stream().sorted().toList());
    }

    @Test
    void aPlayerIsLookedUpOnceTheyAreInAndThenKnown() {
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
    void whatAPlayerAskedEndsWithTheirSession() {
        S session = proxy.join(player("Notch", "paynowbridge.lookup"), NOTCH, true);
        proxy.until(() -> sandbox.asked("lookup_customer") == 1, "the warm-up");
        sandbox.hang();
        proxy.dispatch(session, "pnbproxy lookup jeb_");
        proxy.until(() -> sandbox.asked("lookup_customer") == 2, "the question");
        proxy.quit(session);
        proxy.until(() -> {
            proxy.dispatch("pnbproxy status");
            return proxy.console().heard().contains(" 1 cancelled");
        }, "a cancelled request");
    }

    @Test
    void anotherPluginFindsTheServiceInThePlugin() throws Exception {
        Path user = Files.createTempDirectory("user").resolve("a-user.jar");
        Compiled.into(user, Path.of("src/test/plugin/UserPlugin.java"), JAR, description(), userPlugin());
        try (X two = prepared("")) {
            two.add(user);
            two.start();
            P notch = player("Notch");
            two.join(notch, NOTCH, true);
            two.until(() -> notch.heard().contains("You are customer " + NOTCH_ID), "an answer; heard: " + notch.heard());
            answer(two, "pnbproxy reload", "accepts the API key");
            two.join(notch, UUID.randomUUID(), true);
            two.until(() -> notch.heard().contains("You are new here."), "the same service still answers");
        }
    }

    @Test
    void aPluginThatCarriesTheApiIsNamed() throws Exception {
        for (boolean carries : new boolean[] {true, false}) {
            Path user = Files.createTempDirectory("user").resolve("a-user.jar");
            Compiled.into(
                    user, Path.of("src/test/plugin/OtherPlugin.java"), JAR, description(),
                    userPlugin().replace("UserPlugin", "OtherPlugin"));
            if (carries) {
                Compiled.copy("dev/paynowbridge/PayNowService.class", JAR, user);
            }
            try (X two = prepared("")) {
                two.add(user);
                two.start();
                assertEquals(carries, two.log().contains("depends on PayNowBridge but has a copy of its API in its own jar"), two.log());
            }
        }
    }

    @Test
    void waitingOnAThreadOfTheNetworkIsRefused() throws Exception {
        Object plugin = proxy.plugin(plugin());
        ClassLoader own = plugin.getClass().getClassLoader();
        Object service = own.loadClass("dev.paynowbridge.PayNowProvider").getMethod("service").invoke(plugin);
        sandbox.hang();
        CompletableFuture<?> found = (CompletableFuture<?>) own.loadClass("dev.paynowbridge.PayNowOperations")
                .getMethod("lookupCustomer", UUID.class)
                .invoke(service, NOTCH);
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        new Thread(() -> {
            try {
                found.join();
                failure.complete(new AssertionError("it waited"));
            } catch (RuntimeException e) {
                failure.complete(e);
            }
        }, networkThread()).start();
        assertEquals(IllegalStateException.class, failure.get().getClass());
    }

    @Test
    void luckPermsKnowsCustomers() throws Exception {
        try (LuckPermsInMemory luckPerms = new LuckPermsInMemory()) {
            S session;
            try (X two = beside("LuckPerms", "1")) {
                session = two.join(player("Notch"), NOTCH, true);
                two.until(() -> luckPerms.of(session).equals(List.of("paynowbridge:customer=true")), "an answer");
                assertEquals(1, sandbox.asked("lookup_customer"));
            }
            assertEquals(List.of(), luckPerms.of(session));
        }
    }

    @Test
    void aPlayerWhomTheProxyKnowsIsKnownInTheNetwork() throws Exception {
        assumeTrue(Redis.program().isPresent(), "redis-server is not installed");
        try (Redis redis = Redis.start("")) {
            // A busy machine may keep a server waiting for longer than it waits by default.
            String network = "network:\n  addresses: " + redis.address() + "\n  timeout-ms: 10000\n";
            try (X first = prepared(network); X second = prepared(network)) {
                for (X one : List.of(first, second)) {
                    one.start();
                }
                for (X one : List.of(first, second)) {
                    one.until(() -> {
                        one.dispatch("pnbproxy status");
                        return one.console().heard().contains("The network answers. Servers in it: 2.");
                    }, "they know each other");
                }
                first.join(player("Notch"), NOTCH, true);
                first.until(() -> redis.ask(0, "KEYS", "*}:c:*").contains("}:c:"), "it is there");
                second.join(player("Notch"), NOTCH, true);
                second.until(() -> {
                    second.dispatch("pnbproxy status");
                    return second.console().heard().contains("Answers from other servers: 1.");
                }, "the warm-up");
                assertEquals(1, sandbox.asked("lookup_customer"), "PayNow was asked once");
            }
        }
    }

    @Test
    void theOfficialPluginIsFound() throws Exception {
        try (X two = beside(officialPlugin(), "9.8.7")) {
            String heard = answer(two, "pnbproxy doctor", "own plugin");
            assertTrue(heard.contains("version 9.8.7"), heard);
        }
    }

    @Test
    void theDoctorKnowsThatPurchasesMayBeDeliveredBehindTheProxy() {
        String heard = answer("pnbproxy doctor", "own plugin");
        assertTrue(heard.contains("here or on your servers"), heard);
        assertTrue(heard.contains("The API key works"), heard);
    }

    @Test
    void withoutSettingsItSaysWhatToDo() throws Exception {
        try (X without = bare()) {
            without.add(JAR);
            without.start();
            without.until(() -> without.log().contains("run /pnbproxy reload"), "what to do");
            assertTrue(without.log().lines().anyMatch(line -> line.matches("(?i)warn.* PayNow is not set up: .*")), without.log());
        }
    }
}
