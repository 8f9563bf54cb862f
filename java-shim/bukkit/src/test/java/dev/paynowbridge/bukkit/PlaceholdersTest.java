package dev.paynowbridge.bukkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.paynowbridge.PayNowService;
import dev.paynowbridge.sandbox.LuckPermsInMemory;
import dev.paynowbridge.sandbox.MiniMessages;
import inmemory.MemoryPlayer;
import inmemory.NamedPlugin;
import java.util.List;
import java.util.UUID;
import me.clip.placeholderapi.expansion.PlaceholderExpansion;
import org.bukkit.OfflinePlayer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What other plugins show of customers, and never wait for. */
class PlaceholdersTest extends OnServer {
    private static final UUID STRANGER = UUID.fromString("11111111-2222-4333-8444-555555555555");
    private LuckPermsInMemory luckPerms;

    /** The plugins are there before ours starts. */
    private void beside(String... plugins) {
        server.disable(plugin);
        for (String name : plugins) {
            server.enable(new NamedPlugin(name));
        }
        if (List.of(plugins).contains("LuckPerms")) {
            luckPerms = new LuckPermsInMemory();
        }
        plugin = new PayNowBridgePlugin(NO_ENVIRONMENT);
        server.enable(plugin);
    }

    @AfterEach
    void stopOthers() {
        PlaceholderExpansion.ALL.clear();
        PlaceholderExpansion.refuses = false;
        if (luckPerms != null) {
            luckPerms.close();
        }
    }

    private static String text(OfflinePlayer player, String name) {
        return PlaceholderExpansion.set(player, "%paynowbridge_" + name + "%");
    }

    private void known(OfflinePlayer player) {
        server.until(() -> !text(player, "is_customer").isEmpty(), "an answer");
    }

    private int asked() {
        return sandbox.asked("lookup_customer");
    }

    private long outstanding() {
        return server.load(PayNowService.class).stats().orElseThrow().outstanding();
    }

    @Test
    void aCustomerIsShown() {
        beside("PlaceholderAPI");
        MemoryPlayer notch = notch();
        known(notch);
        assertEquals(NOTCH_ID, text(notch, "customer_id"));
        assertEquals("Notch", text(notch, "name"));
        assertEquals("true", text(notch, "is_customer"));
        assertEquals("2025-05-01", text(notch, "since"));
        assertEquals("founder", text(notch, "metadata_rank"));
        assertEquals("175928847299117063", text(notch, "metadata_discord_id"));
        assertEquals("", text(notch, "metadata_no_such_key"));
        assertEquals("%paynowbridge_no_such_placeholder%", text(notch, "no_such_placeholder"));
        assertEquals(1, asked(), "the warm-up");
    }

    @Test
    void aCustomerWithoutANameHasThatOfTheProfile() {
        beside("PlaceholderAPI");
        MemoryPlayer jeb = join("jeb_", UUID.fromString("853c80ef-3c37-49fd-aa49-938b674adae6"));
        known(jeb);
        assertEquals("jeb_", text(jeb, "name"));
    }

    @Test
    void anUnknownPlayerIsEmptyAskedForOnceAndThenKnown() {
        beside("PlaceholderAPI");
        notch();
        server.until(() -> asked() == 1, "the warm-up");
        reload("");
        server.until(() -> outstanding() == 0, "the key was tried");
        OfflinePlayer away = server.getPlayer(NOTCH);
        server.quit((MemoryPlayer) away);
        sandbox.hang();
        for (int tick = 0; tick < 20; tick++) {
            for (int line = 0; line < 20; line++) {
                assertEquals("", text(away, "name"));
                assertEquals("", text(away, "is_customer"));
            }
        }
        server.until(() -> asked() == 2, "one question");
        for (int line = 0; line < 1_000; line++) {
            text(away, "name");
        }
        assertEquals(1, outstanding(), "no other is on its way");
        sandbox.faults("{}");
        known(away);
        assertEquals("Notch", text(away, "name"));
        assertEquals(2, asked());
    }

    private static OfflinePlayer away(UUID id) {
        return new OfflinePlayer() {
            @Override
            public boolean isOnline() {
                return false;
            }

            @Override
            public UUID getUniqueId() {
                return id;
            }
        };
    }

    @Test
    void whoIsNotOnTheServerIsKnownByUuid() {
        beside("PlaceholderAPI");
        OfflinePlayer notch = away(NOTCH);
        assertEquals("", text(notch, "name"));
        known(notch);
        assertEquals("Notch", text(notch, "name"));
        assertEquals("", text(away(UUID.nameUUIDFromBytes(new byte[] {1})), "name"), "made from a name, which is not at hand");
        assertEquals(1, asked());
    }

    @Test
    void thatThereIsNoSuchCustomerIsKnownToo() {
        beside("PlaceholderAPI");
        MemoryPlayer stranger = join("Stranger", STRANGER);
        known(stranger);
        for (int line = 0; line < 1_000; line++) {
            assertEquals("false", text(stranger, "is_customer"));
            assertEquals("", text(stranger, "customer_id"));
            assertEquals("", text(stranger, "metadata_rank"));
        }
        assertEquals(1, asked());
        assertEquals(0, sandbox.asked("create_customer"));
    }

    @Test
    void noMoreAreAskedForThanTheBudgetAllows() {
        beside("PlaceholderAPI");
        reload("warm-up-per-minute: 2\n");
        for (int i = 0; i < 50; i++) {
            MemoryPlayer player = join("Bot" + i, new UUID(0x1234567812344234L, i));
            text(player, "name");
            text(player, "metadata_rank");
        }
        server.until(() -> outstanding() == 0, "all is quiet");
        assertTrue(asked() >= 1 && asked() <= 3, sandbox.stats());
    }

    @Test
    void whereTheOwnerWantsNoLookUpsTheyKnowWhatOthersAskedFor() {
        beside("PlaceholderAPI");
        reload("warm-up: false\n");
        MemoryPlayer notch = notch();
        assertEquals("", text(notch, "name"));
        answer(server.console, "paynowbridge lookup Notch", NOTCH_ID);
        known(notch);
        assertEquals("Notch", text(notch, "name"));
        assertEquals(1, asked(), "the command's");
    }

    @Test
    void beforeTheOwnerHasSetItUpAllIsEmpty() {
        beside("PlaceholderAPI");
        server.disable(plugin);
        write("config.yml", "");
        plugin = new PayNowBridgePlugin(NO_ENVIRONMENT);
        server.enable(plugin);
        MemoryPlayer notch = notch();
        assertEquals("", text(notch, "name"));
        assertEquals("", text(notch, "is_customer"));
        assertEquals("", text(null, "name"), "no player");
        reload("");
        known(notch);
        assertEquals("Notch", text(notch, "name"));
    }

    @Test
    void aReloadBlanksNoScoreboard() {
        beside("PlaceholderAPI");
        MemoryPlayer notch = notch();
        known(notch);
        sandbox.hang();
        reload("");
        assertEquals("Notch", text(notch, "name"), "of the same store");
        reload("store-id: '411486491630370817'\n");
        assertEquals("", text(notch, "name"), "of another one");
    }

    @Test
    void textsFromPayNowNeitherColourNorPlaceAnything() {
        beside("PlaceholderAPI");
        sandbox.respond("lookup_customer", "{\"status\":200,\"body\":\"{\\\"id\\\":\\\"5\\\",\\\"name\\\":"
                + "\\\"&cRed \\\\u00a7lbold\\\\n<click:run_command:/op x>%player_ip%{player_ip} R & D 10%\\\","
                + "\\\"metadata\\\":{\\\"long\\\":\\\"" + "x".repeat(5_000) + "\\\"}}\"}");
        MemoryPlayer notch = notch();
        known(notch);
        assertEquals(
                "\uff06cRed lbold \uff1cclick:run_command:/op x>\uff05player_ip\uff05{player_ip} R & D 10%".replace("{", "\uff5b"),
                text(notch, "name"));
        assertEquals(300, text(notch, "metadata_long").length());
        assertEquals("", text(notch, "since"));
    }

    @Test
    void placeholderApiIsToldWhatThereIs() {
        beside("PlaceholderAPI");
        PlaceholderExpansion expansion = PlaceholderExpansion.ALL.get("paynowbridge");
        assertTrue(expansion.persist(), "its reload does not remove them");
        assertEquals(plugin.getDescription().getVersion(), expansion.getVersion());
        assertTrue(expansion.getPlaceholders().contains("%paynowbridge_customer_id%"), expansion.getPlaceholders().toString());
        server.disable(plugin);
        assertEquals(List.of(), List.copyOf(PlaceholderExpansion.ALL.keySet()));
    }

    @Test
    void aPluginThatTakesNothingIsOneLineInTheLog() {
        PlaceholderExpansion.refuses = true;
        beside("PlaceholderAPI", "LuckPerms");
        String line = "WARNING PlaceholderAPI is there, but does not take what this plugin knows of players";
        assertEquals(1, server.log().split(line, -1).length - 1, server.log());
        luckPerms.close();
        server.disable(plugin);
        plugin = new PayNowBridgePlugin(NO_ENVIRONMENT);
        server.enable(plugin);
        assertTrue(server.log().contains("WARNING LuckPerms is there, but"), server.log());
        answer(server.console, "paynowbridge lookup Notch", NOTCH_ID);
    }

    @Test
    void withoutThemNothingIsSaid() {
        assertFalse(server.log().contains("is there, but"), server.log());
        assertEquals(List.of(), List.copyOf(PlaceholderExpansion.ALL.keySet()));
    }

    @Test
    void miniPlaceholdersShowTheSame() {
        beside("MiniPlaceholders");
        MemoryPlayer notch = notch();
        server.until(() -> !MiniMessages.shown(notch, "<paynowbridge_is_customer>").isEmpty(), "an answer");
        assertEquals(
                NOTCH_ID + " Notch true 2025-05-01 founder .",
                MiniMessages.shown(
                        notch,
                        "<paynowbridge_customer_id> <paynowbridge_name> <paynowbridge_is_customer> <paynowbridge_since> "
                                + "<paynowbridge_metadata:rank> <paynowbridge_metadata:'no such key'>."));
        server.disable(plugin);
        assertEquals("<paynowbridge_name>", MiniMessages.shown(notch, "<paynowbridge_name>"));
    }

    @Test
    void miniPlaceholdersInsertsTagsAsText() {
        beside("MiniPlaceholders");
        sandbox.respond("lookup_customer", "{\"status\":200,\"body\":\"{\\\"id\\\":\\\"5\\\",\\\"name\\\":\\\"<red>Red\\\"}\"}");
        MemoryPlayer notch = notch();
        server.until(() -> !MiniMessages.shown(notch, "<paynowbridge_name>").isEmpty(), "an answer");
        assertEquals("<red>Red", MiniMessages.shown(notch, "<paynowbridge_name>"));
    }

    @Test
    void luckPermsKnowsCustomers() {
        beside("LuckPerms");
        assertEquals(List.of("paynowbridge:customer=true, paynowbridge:customer=false"), luckPerms.proposed());
        sandbox.hang();
        MemoryPlayer notch = notch();
        assertEquals(List.of(), luckPerms.of(notch));
        sandbox.faults("{}");
        server.until(() -> luckPerms.signalled().contains(notch), "LuckPerms hears of it");
        assertEquals(List.of("paynowbridge:customer=true"), luckPerms.of(notch));
        MemoryPlayer stranger = join("Stranger", STRANGER);
        server.until(() -> !luckPerms.of(stranger).isEmpty(), "an answer");
        assertEquals(List.of("paynowbridge:customer=false"), luckPerms.of(stranger));
        server.disable(plugin);
        assertEquals(List.of(), luckPerms.of(notch));
    }
}
