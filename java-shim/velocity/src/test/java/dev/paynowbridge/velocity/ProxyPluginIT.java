package dev.paynowbridge.velocity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.velocitypowered.api.event.PostOrder;
import com.velocitypowered.api.event.ResultedEvent;
import com.velocitypowered.api.event.Subscribe;
import com.velocitypowered.api.event.connection.LoginEvent;
import com.velocitypowered.api.permission.Tristate;
import com.velocitypowered.api.proxy.Player;
import dev.paynowbridge.sandbox.Compiled;
import dev.paynowbridge.sandbox.LuckPermsInMemory;
import dev.paynowbridge.sandbox.MiniMessages;
import dev.paynowbridge.sandbox.Sandbox;
import inmemory.MemoryProxy;
import inmemory.MemoryPlayer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import net.kyori.adventure.text.Component;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The jar, made and called as Velocity does it. */
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
    void startProxy() throws Exception {
        sandbox.reset();
        proxy = started("");
    }

    @AfterEach
    void stopProxy() throws IOException {
        proxy.close();
    }

    private static MemoryProxy started(String more) throws IOException, ReflectiveOperationException {
        MemoryProxy proxy = new MemoryProxy();
        configure(proxy, more);
        proxy.load(JAR);
        proxy.start();
        return proxy;
    }

    private static void configure(MemoryProxy proxy, String more) throws IOException {
        Path config = proxy.folder("paynowbridge").resolve("config.yml");
        Files.createDirectories(config.getParent());
        Files.writeString(config, "store-id: '" + Sandbox.STORE + "'\napi-base: " + sandbox.base()
                + "\napi-key:\n  value: " + Sandbox.KEY + "\n" + more);
    }

    private static MemoryPlayer player(String name) {
        return new MemoryPlayer(name, Map.of());
    }

    private static MemoryPlayer player(String name, String permission) {
        return new MemoryPlayer(name, Map.of(permission, Tristate.TRUE));
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
            String yml = new String(jar.getInputStream(jar.getEntry("velocity-plugin.json")).readAllBytes(), StandardCharsets.UTF_8);
            assertFalse(yml.contains("${"), yml);
            assertNotNull(jar.getEntry("META-INF/LICENSE-APACHE"));
        }
        assertEquals(
                new TreeSet<>(Set.of(
                        "velocity-plugin.json", "natives", "snakeyaml", "dev/paynowbridge", "dev/paynowbridge/internal",
                        "dev/paynowbridge/common", "dev/paynowbridge/velocity")),
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
        String words = Files.readString(proxy.folder("paynowbridge").resolve("messages.yml"));
        assertTrue(words.contains("/pnbproxy"), "the file that was put there");
        assertFalse(words.contains("/paynowbridge"), "the file that was put there");
    }

    @Test
    void whereTheOwnerSaidNothingPlayersHaveWhatEveryPlayerHas() {
        MemoryPlayer stranger = player("Stranger");
        Player session = stranger.session(UUID.randomUUID(), true);
        proxy.join(session);
        proxy.dispatch(session, "pnbproxy lookup Notch");
        assertTrue(stranger.heard().contains("You do not have permission"), stranger.heard());
        proxy.dispatch(session, "pnbproxy giftcard NO-SUCH-CARD");
        proxy.until(() -> stranger.heard().contains("No such gift card"), "an answer");
        MemoryPlayer banned = new MemoryPlayer("Banned", Map.of("paynowbridge.giftcard", Tristate.FALSE));
        Player refused = banned.session(UUID.randomUUID(), true);
        proxy.join(refused);
        proxy.dispatch(refused, "pnbproxy giftcard NO-SUCH-CARD");
        assertTrue(banned.heard().contains("You do not have permission"), banned.heard());
    }

    @Test
    void theLastWordIsCompleted() {
        assertEquals(List.of("reload", "revoke"), proxy.complete("pnbproxy", "re").stream().sorted().toList());
    }

    @Test
    void aPlayerIsLookedUpOnceTheyAreInAndThenKnown() {
        proxy.join(player("Notch").session(NOTCH, true));
        proxy.until(() -> sandbox.asked("lookup_customer") == 1, "the warm-up; asked: " + sandbox.log());
        String heard = answer("pnbproxy lookup Notch", "Known by the UUID of their Java account");
        assertTrue(heard.contains(NOTCH_ID), heard);
        assertEquals(1, sandbox.asked("lookup_customer"), "from memory");
    }

    @Test
    void aPlayerWhoIsRefusedIsNotLookedUp() {
        proxy.register(this, new Refusing());
        assertFalse(proxy.join(player("Notch").session(NOTCH, true)));
        answer("pnbproxy lookup jeb_", "jeb_");
        proxy.until(() -> sandbox.asked("lookup_customer") == 1, "the console's question");
        assertFalse(sandbox.log().contains(NOTCH.toString()), sandbox.log());
    }

    /** A plugin with a list of its own of those who may come. */
    public static final class Refusing {
        /** Refuses. */
        @Subscribe(order = PostOrder.NORMAL)
        public void onLogin(LoginEvent event) {
            event.setResult(ResultedEvent.ComponentResult.denied(Component.text("no")));
        }
    }

    @Test
    void aPlayerOfWhomMojangWasNotAskedIsNeverTheAccountOfTheirUuid() {
        proxy.join(player("Impostor").session(NOTCH, false));
        proxy.until(() -> sandbox.asked("lookup_customer") == 1, "the warm-up");
        assertFalse(sandbox.log().contains(NOTCH.toString()), sandbox.log());
        String heard = answer("pnbproxy lookup Impostor", "not a customer");
        assertFalse(heard.contains(NOTCH_ID), heard);
    }

    private Player asking(MemoryPlayer player) {
        Player session = player.session(NOTCH, true);
        proxy.join(session);
        proxy.until(() -> sandbox.asked("lookup_customer") >= 1, "the warm-up");
        answer("pnbproxy lookup Notch", NOTCH_ID);
        return session;
    }

    @Test
    void whatAPlayerAskedEndsWithTheirSession() {
        Player session = asking(player("Notch", "paynowbridge.lookup"));
        sandbox.hang();
        proxy.dispatch(session, "pnbproxy lookup jeb_");
        proxy.until(() -> sandbox.asked("lookup_customer") == 2, "the question");
        proxy.quit(session);
        proxy.until(() -> {
            proxy.dispatch("pnbproxy status");
            return proxy.console.heard().contains(" 1 cancelled");
        }, "a cancelled request");
    }

    @Test
    void theNewSessionOutlivesTheNewsThatTheOldOneEnded() {
        MemoryPlayer notch = player("Notch", "paynowbridge.lookup");
        Player old = asking(notch);
        Player now = notch.session(NOTCH, true);
        proxy.join(now);
        sandbox.hang();
        proxy.dispatch(now, "pnbproxy lookup jeb_");
        proxy.until(() -> sandbox.asked("lookup_customer") == 2, "the question");
        proxy.quit(old);
        sandbox.faults("{}");
        proxy.until(() -> notch.heard().contains("jeb_"), "the answer; heard: " + notch.heard());
        proxy.dispatch("pnbproxy status");
        assertTrue(proxy.console.heard().contains(" 0 cancelled"), proxy.console.heard());
    }

    /** What the first session has asked is under way then, while another of the same player begins and ends. */
    private void theFirstSessionHearsItsAnswer(Consumer<MemoryPlayer> another) {
        MemoryPlayer notch = player("Notch", "paynowbridge.lookup");
        Player first = asking(notch);
        sandbox.hang();
        proxy.dispatch(first, "pnbproxy lookup jeb_");
        proxy.until(() -> sandbox.asked("lookup_customer") == 2, "the question");
        another.accept(notch);
        sandbox.faults("{}");
        proxy.until(() -> notch.heard().contains("jeb_"), "the answer; heard: " + notch.heard());
        proxy.dispatch("pnbproxy status");
        assertTrue(proxy.console.heard().contains(" 0 cancelled"), proxy.console.heard());
        proxy.quit(first);
    }

    @Test
    void aSecondLoginThatIsRefusedLeavesTheFirstSessionAlone() {
        theFirstSessionHearsItsAnswer(notch -> {
            proxy.register(this, new Refusing());
            assertFalse(proxy.join(notch.session(NOTCH, true)));
        });
    }

    /** The proxy tells of the end of such a connection without having told of its login. */
    @Test
    void aSecondConnectionThatIsTurnedAwayLeavesTheFirstSessionAlone() {
        theFirstSessionHearsItsAnswer(notch -> {
            // So many that the first login is long forgotten among those that may still become a session.
            for (int i = 0; i < 10_000; i++) {
                proxy.fire(new LoginEvent(player("Other").session(UUID.randomUUID(), true)));
            }
            proxy.quit(notch.session(NOTCH, true));
        });
    }

    @Test
    void anotherPluginFindsTheServiceInThePlugin() throws Exception {
        Path user = Files.createTempFile("user", ".jar");
        Compiled.into(
                user, Path.of("src/test/plugin/UserPlugin.java"), JAR,
                "velocity-plugin.json", "{\"id\": \"user\", \"version\": \"1\", \"main\": \"UserPlugin\"}");
        try (MemoryProxy two = new MemoryProxy()) {
            configure(two, "");
            two.load(JAR);
            two.load(user);
            two.start();
            MemoryPlayer notch = player("Notch");
            two.join(notch.session(NOTCH, true));
            two.until(() -> notch.heard().contains("You are customer " + NOTCH_ID), "an answer; heard: " + notch.heard());
            assertTrue(two.dispatch("pnbproxy reload"));
            two.until(() -> two.console.heard().contains("accepts the API key"), "a reload");
            two.join(notch.session(UUID.randomUUID(), true));
            two.until(() -> notch.heard().contains("You are new here."), "the same service still answers");
        }
    }

    @Test
    void waitingOnAThreadOfTheNetworkIsRefused() throws Exception {
        Object plugin = proxy.getPlugin("paynowbridge").orElseThrow().getInstance().orElseThrow();
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
        }, "Netty epoll Worker #0").start();
        assertEquals(IllegalStateException.class, failure.get().getClass());
    }

    @Test
    void theOfficialPluginIsFoundByItsId() {
        proxy.pretend("paynow-velocity", "9.8.7");
        String heard = answer("pnbproxy doctor", "own plugin");
        assertTrue(heard.contains("version 9.8.7"), heard);
    }

    private static MemoryProxy beside(String other) throws IOException, ReflectiveOperationException {
        MemoryProxy two = new MemoryProxy();
        configure(two, "");
        two.pretend(other, "1");
        two.load(JAR);
        two.start();
        return two;
    }

    @Test
    void miniPlaceholdersShowCustomers() throws Exception {
        Player session = player("Notch").session(NOTCH, true);
        try (MemoryProxy two = beside("miniplaceholders")) {
            two.join(session);
            two.until(() -> MiniMessages.shown(session, "<paynowbridge_is_customer>").equals("true"), "an answer");
            assertEquals(
                    NOTCH_ID + " Notch founder",
                    MiniMessages.shown(session, "<paynowbridge_customer_id> <paynowbridge_name> <paynowbridge_metadata:rank>"));
            Player impostor = player("Impostor").session(NOTCH, false);
            two.until(() -> MiniMessages.shown(impostor, "<paynowbridge_is_customer>").equals("false"), "not the account of their UUID");
        }
        assertEquals("<paynowbridge_name>", MiniMessages.shown(session, "<paynowbridge_name>"));
    }

    @Test
    void luckPermsKnowsCustomers() throws Exception {
        Player session = player("Notch").session(NOTCH, true);
        try (LuckPermsInMemory luckPerms = new LuckPermsInMemory()) {
            try (MemoryProxy two = beside("luckperms")) {
                two.join(session);
                two.until(() -> luckPerms.of(session).equals(List.of("paynowbridge:customer=true")), "an answer");
                assertEquals(1, sandbox.asked("lookup_customer"));
            }
            assertEquals(List.of(), luckPerms.of(session));
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
        try (MemoryProxy bare = new MemoryProxy()) {
            bare.load(JAR);
            bare.start();
            assertTrue(bare.log().contains("warn PayNow is not set up"), bare.log());
            assertTrue(bare.log().contains("run /pnbproxy reload"), bare.log());
        }
    }
}
