package dev.paynowbridge.bukkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.example.whoami.WhoAmI;
import dev.paynowbridge.PayNowException;
import dev.paynowbridge.PayNowFuture;
import dev.paynowbridge.PayNowOperations;
import dev.paynowbridge.PayNowService;
import inmemory.MemoryPlayer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Stream;
import org.bukkit.event.EventHandler;
import org.bukkit.event.EventPriority;
import org.bukkit.event.Listener;
import org.bukkit.event.player.AsyncPlayerPreLoginEvent;
import org.junit.jupiter.api.Test;

/** Starting, reloading, disabling; people who come and people who go; other plugins. */
class LifecycleTest extends OnServer {
    private PayNowService service() {
        return server.load(PayNowService.class);
    }

    /** Threads of the plugin and of the library, Java's own and others. */
    private static List<String> threads() {
        List<String> found = new ArrayList<>();
        Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("paynow"))
                .forEach(found::add);
        try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
            for (Path task : tasks.toList()) {
                String name = Files.readString(task.resolve("comm")).trim();
                if (name.startsWith("paynow")) {
                    found.add(name);
                }
            }
        } catch (IOException e) {
            // A thread that ended meanwhile.
        }
        return found;
    }

    private static TreeSet<String> files(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            return new TreeSet<>(entries.map(path -> path.getFileName().toString()).toList());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void nothingIsLeft() {
        server.until(() -> threads().isEmpty(), "threads are left: " + threads());
        assertEquals(new TreeSet<>(List.of("config.yml", "messages.yml")), files(server.folder("PayNowBridge")));
        String own = "paynow-bridge-" + ProcessHandle.current().pid() + "-";
        assertTrue(files(Path.of(System.getProperty("java.io.tmpdir"))).stream().noneMatch(name -> name.startsWith(own)));
        assertEquals(0, server.services());
    }

    private List<PayNowFuture<?>> underWay() {
        sandbox.hang();
        List<PayNowFuture<?>> pending = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            pending.add(service().lookupCustomer(new UUID(7, i)));
        }
        server.dispatch(server.console, "paynowbridge lookup Notch");
        server.dispatch(server.console, "paynowbridge token jeb_");
        server.dispatch(server.console, "paynowbridge doctor");
        server.until(() -> threads().size() > 2, "something is under way");
        pending.forEach(future -> assertFalse(future.isDone()));
        return pending;
    }

    private static void closed(PayNowFuture<?> future) {
        assertTrue(future.isDone());
        Throwable failure = assertThrows(java.util.concurrent.CompletionException.class, future::join).getCause();
        assertInstanceOf(PayNowException.Closed.class, failure);
    }

    @Test
    void theKeyIsTriedInTheBackgroundAndTheConsoleSaysHowThatWent() {
        server.until(() -> server.log().contains("INFO PayNow answers and accepts the API key."), "it is said");
        assertEquals(1, sandbox.asked("list_customers"));
        answer(server.console, "paynowbridge status", "PayNow answers and accepts the API key.");
        server.disable(plugin);
        configure("api-key:\n  value: pnapi_wrong\n");
        plugin = new PayNowBridgePlugin(NO_ENVIRONMENT);
        server.enable(plugin);
        server.until(() -> server.log().contains("WARNING PayNow does not accept the API key."), "it is said");
        String record = server.log().lines().filter(line -> line.startsWith("WARNING ")).findFirst().orElseThrow();
        assertTrue(record.contains(" PayNow says: "), record);
        assertFalse(server.log().contains("Ready"), server.log());
        String status = answer(server.console, "paynowbridge status", "PayNow does not accept the API key.");
        assertFalse(status.contains("accepts"), status);
        reload("api-base: http://127.0.0.1:1\n");
        server.until(() -> server.console.heard().contains("PayNow cannot be reached."), "a reload says it too");
    }

    @Test
    void disablingWithRequestsUnderWayLeavesNothing() {
        List<PayNowFuture<?>> pending = underWay();
        server.console.forget();
        server.disable(plugin);
        pending.forEach(LifecycleTest::closed);
        nothingIsLeft();
        server.tick();
        assertEquals("", server.console.heard(), "a disabled plugin says nothing");
    }

    @Test
    void reloadingWithRequestsUnderWayFailsThemAndGoesOn() {
        PayNowService before = service();
        PayNowOperations kept = before.tag("Shop");
        List<PayNowFuture<?>> pending = underWay();
        server.console.forget();
        server.dispatch(server.console, "paynowbridge reload");
        pending.forEach(LifecycleTest::closed);
        assertSame(before, service(), "other plugins can keep it");
        assertEquals(1, server.services());
        server.until(() -> server.console.heard().split("reloaded in the meantime", -1).length >= 3, "both commands are told");
        sandbox.faults("{}");
        answer(server.console, "paynowbridge lookup Notch", NOTCH_ID);
        PayNowFuture<?> asked = kept.lookupCustomer(NOTCH);
        server.until(asked::isDone, "an answer");
        assertFalse(asked.isCompletedExceptionally(), "what was made of it goes on with the new client");
    }

    @Test
    void manyReloadsOfTheServerLeaveNothing() {
        for (int i = 0; i < 20; i++) {
            underWay();
            server.disable(plugin);
            sandbox.faults("{}");
            plugin = new PayNowBridgePlugin(NO_ENVIRONMENT);
            server.enable(plugin);
            answer(server.console, "paynowbridge lookup Notch", NOTCH_ID);
        }
        server.disable(plugin);
        nothingIsLeft();
    }

    @Test
    void aPlayerWhoLeftHearsNothingAndTheirCallsEnd() {
        MemoryPlayer player = notch();
        player.permit("paynowbridge.lookup", true);
        sandbox.hang();
        server.dispatch(player, "paynowbridge lookup jeb_");
        server.until(() -> service().stats().orElseThrow().outstanding() > 0, "it is under way");
        player.forget();
        server.quit(player);
        server.until(() -> service().stats().orElseThrow().outstanding() == 0, "it is cancelled");
        server.tick();
        assertEquals("", player.heard());
        assertFalse(server.log().contains("failed"), server.log());
    }

    @Test
    void anAnswerThatComesAsThePlayerLeavesIsDropped() {
        MemoryPlayer player = notch();
        player.permit("paynowbridge.lookup", true);
        long before = service().stats().orElseThrow().delivered();
        server.dispatch(player, "paynowbridge lookup jeb_");
        // Without a tick: the answer waits for the main thread when the player goes.
        long end = System.nanoTime() + 60_000_000_000L;
        while (service().stats().orElseThrow().delivered() <= before) {
            assertTrue(System.nanoTime() < end, "an answer comes");
            Thread.onSpinWait();
        }
        player.forget();
        server.quit(player);
        server.tick();
        assertEquals("", player.heard());
    }

    @Test
    void whoLogsInIsKnownWhenTheyAreThere() {
        notch();
        server.until(() -> service().peek(NOTCH).isPresent(), "it is remembered");
        assertEquals(1, sandbox.asked("lookup_customer"));
        answer(server.console, "paynowbridge lookup Notch", NOTCH_ID);
        assertEquals(1, sandbox.asked("lookup_customer"), "from memory");
        assertEquals(0, sandbox.asked("create_customer"), "a login makes no customer");
    }

    @Test
    void noLookupForRefusedLoginsOrWhenTheOwnerTurnedItOff() {
        server.registerEvents(new Bouncer(), plugin);
        assertNull(join("Banned", UUID.randomUUID()));
        reload("warm-up: false\n");
        notch();
        join("Stranger", new UUID(0, 0));
        answer(server.console, "paynowbridge status", "requests");
        assertEquals(0, sandbox.asked("lookup_customer"));
    }

    /** Another plugin, which bans. */
    public static final class Bouncer implements Listener {
        @EventHandler(priority = EventPriority.HIGHEST)
        public void onPreLogin(AsyncPlayerPreLoginEvent event) {
            if (event.getName().equals("Banned")) {
                event.disallow(AsyncPlayerPreLoginEvent.Result.KICK_BANNED, "no");
            }
        }
    }

    @Test
    void aPlayerPayNowCannotKnowDoesNotStopALogin() {
        assertEquals("Nil", join("Nil", new UUID(0, 0)).getName());
    }

    @Test
    void otherPluginsReachTheClient() {
        WhoAmI example = new WhoAmI();
        server.enable(example);
        MemoryPlayer player = notch();
        answer(player, "whoami", "You are customer " + NOTCH_ID + ".");
        answer(server.console, "whoami", "Only for players");
        reload("");
        answer(player, "whoami", "You are customer " + NOTCH_ID + ".");
        sandbox.respond("*", "{\"status\":403,\"body\":\"{\\\"code\\\":\\\"forbidden\\\"}\"}");
        reload("");
        answer(player, "whoami", "Try again later.");
        server.disable(plugin);
        answer(player, "whoami", "Try again later.");
        assertTrue(server.log().contains("PayNow is not connected: the plugin PayNowBridge is disabled"), server.log());
    }

    @Test
    void callsOfAPluginThatIsDisabledEnd() {
        WhoAmI example = new WhoAmI();
        server.enable(example);
        sandbox.hang();
        PayNowFuture<Optional<dev.paynowbridge.Customer>> theirs = service().tag("WhoAmI").lookupCustomer(NOTCH);
        PayNowFuture<Optional<dev.paynowbridge.Customer>> others = service().lookupCustomer(new UUID(5, 5));
        server.disable(example);
        server.until(theirs::isDone, "they end");
        assertFalse(others.isDone());
    }

    @Test
    void waitingOnTheMainThreadIsRefusedInsteadOfFreezingIt() {
        sandbox.hang();
        assertThrows(IllegalStateException.class, () -> service().lookupCustomer(NOTCH).join());
    }

    @Test
    void aNewSessionsCallsSurviveTheOldSessionsQuit() {
        notch();
        server.until(() -> service().stats().orElseThrow().outstanding() == 0, "all is quiet");
        reload("");
        sandbox.hang();
        Eager eager = new Eager();
        PayNowFuture<?> old = service().tag(NOTCH).lookupCustomer(new UUID(5, 5));
        server.registerEvents(eager, plugin);
        // From another place: the old session quits when the new one comes in.
        notch();
        server.until(old::isDone, "the old session's call ends");
        server.tick();
        assertFalse(eager.begun.isDone(), "the new session's goes on");
        assertNotEquals(0, sandbox.asked("lookup_customer"));
        server.quit((MemoryPlayer) server.getPlayer(NOTCH));
        server.until(eager.begun::isDone, "it ends with its own session");
    }

    /** Another plugin, which asks while a player logs in. */
    public final class Eager implements Listener {
        private PayNowFuture<?> begun;

        @EventHandler
        public void onPreLogin(AsyncPlayerPreLoginEvent event) {
            begun = service().tag(event.getUniqueId()).lookupCustomer(new UUID(6, 6));
        }
    }

    @Test
    void botsDoNotUseUpWhatPlayersNeed() {
        server.until(() -> sandbox.asked("list_customers") == 1, "the key is tried");
        sandbox.reset();
        for (int i = 0; i < 200; i++) {
            join("Bot" + i, new UUID(0x1234567812344234L, i));
        }
        server.until(() -> service().stats().orElseThrow().outstanding() == 0, "all is quiet");
        assertTrue(sandbox.asked("lookup_customer") <= 20, sandbox.stats());
        answer(server.console, "paynowbridge lookup Notch", NOTCH_ID);
    }

    @Test
    void aHandlerThatThrowsIsLoggedWithItsPluginsName() {
        WhoAmI example = new WhoAmI();
        server.enable(example);
        service().tag("Shop").lookupCustomer(NOTCH).thenAccept(found -> {
            throw new IllegalStateException("a test wants it");
        });
        server.until(() -> server.log().contains("The plugin PayNowBridge fails in what it does with an answer"), "it is said");
        assertTrue(server.log().contains("a test wants it"), server.log());
    }

    @Test
    void permissionsAreRegisteredWhereTheServerDidNot() {
        server.disable(plugin);
        server.close();
        server = newServer();
        server.hotLoads = true;
        configure("");
        plugin = new PayNowBridgePlugin(NO_ENVIRONMENT);
        server.enable(plugin);
        MemoryPlayer op = server.join("Admin", UUID.randomUUID(), true);
        notch();
        assertTrue(answer(op, "paynowbridge token Notch", "A token for Notch").contains("********"));
        answer(join("Olga", UUID.randomUUID()), "paynowbridge giftcard x y z", "gift card");
    }

    @Test
    void theCommandHasAShortName() {
        answer(server.console, "pnb lookup Notch", NOTCH_ID);
    }

    @Test
    void whatIsRegisteredIsWhatPluginYmlSays() {
        var inFile = (java.util.Map<?, ?>) plugin.description().get("permissions");
        List<String> written = new ArrayList<>();
        inFile.forEach((name, about) -> written.add(name + " " + ((java.util.Map<?, ?>) about).get("default") + " "
                + ((java.util.Map<?, ?>) about).get("description")));
        List<String> known = dev.paynowbridge.common.Permission.ALL.stream()
                .map(permission -> permission.name() + " "
                        + switch (permission.given()) {
                            case EVERYBODY -> "true";
                            case OPERATORS -> "op";
                            case NO_PLAYER -> "false";
                        } + " " + permission.description())
                .toList();
        assertEquals(known, written);
    }
}
