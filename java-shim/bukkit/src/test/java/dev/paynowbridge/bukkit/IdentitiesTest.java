package dev.paynowbridge.bukkit;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import inmemory.MemoryPlayer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.geysermc.floodgate.api.FloodgateApi;
import org.geysermc.floodgate.api.player.FloodgatePlayer;
import org.junit.jupiter.api.Test;

/** Java, offline-mode, Bedrock and linked players are told apart, with and without Floodgate. */
class IdentitiesTest extends OnServer {
    private static final String PIA_XUID = "2535432196048835";
    private static final UUID PIA = new UUID(0, Long.parseLong(PIA_XUID));

    private void floodgate(String prefix, UUID id, String xuid, boolean linked) {
        FloodgateApi.Holder.instance = new FloodgateApi() {
            @Override
            public String getPlayerPrefix() {
                return prefix;
            }

            @Override
            public FloodgatePlayer getPlayer(UUID asked) {
                return !asked.equals(id) ? null : new FloodgatePlayer() {
                    @Override
                    public String getXuid() {
                        return xuid;
                    }

                    @Override
                    public boolean isLinked() {
                        return linked;
                    }
                };
            }
        };
    }

    private void found(MemoryPlayer player, String kind, String id) {
        String heard = answer(server.console, "paynowbridge lookup " + player.getName(), kind);
        assertTrue(heard.contains(" is customer " + id), heard);
    }

    @Test
    void offlinePlayersAreKnownByName() {
        UUID offline = UUID.nameUUIDFromBytes("OfflinePlayer:Offline_Olga".getBytes(StandardCharsets.UTF_8));
        found(join("Offline_Olga", offline), "Known by name", "435420340944897912");
        assertTrue(sandbox.log().contains("minecraft_java_name=Offline_Olga"), sandbox.log());
    }

    @Test
    void bedrockPlayersAreKnownByXuid() {
        found(join(".PixelPia", PIA), "Known as a Bedrock player", "433322870177794185");
        assertTrue(sandbox.log().contains("xbox_xuid=" + PIA_XUID), sandbox.log());
    }

    @Test
    void floodgateKnowsTheXuidOfAnyPlayer() {
        UUID odd = UUID.fromString("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee");
        floodgate(".", odd, PIA_XUID, false);
        found(join(".PixelPia", odd), "Known as a Bedrock player", "433322870177794185");
    }

    @Test
    void linkedPlayersAreTheirJavaAccount() {
        floodgate(".", NOTCH, "2535411223344556", true);
        found(notch(), "linked to", NOTCH_ID);
        assertTrue(sandbox.log().contains("minecraft_uuid=" + NOTCH), sandbox.log());
    }

    @Test
    void thePrefixIsFloodgatesUnlessTheOwnerSaysOtherwise() {
        floodgate("*", PIA, PIA_XUID, false);
        reload("");
        answer(server.console, "paynowbridge lookup *Sir Dig A Lot", "is customer 443822190362625093");
        reload("bedrock-prefix: '!'\n");
        answer(server.console, "paynowbridge lookup !Sir Dig A Lot", "is customer 443822190362625093");
    }

    @Test
    void aFloodgateThatFailsKnowsNothing() {
        FloodgateApi.Holder.instance = new FloodgateApi() {
            @Override
            public String getPlayerPrefix() {
                throw new IllegalStateException("a test wants it");
            }

            @Override
            public FloodgatePlayer getPlayer(UUID id) {
                throw new IllegalStateException("a test wants it");
            }
        };
        reload("");
        found(notch(), "Known by the UUID of their Java account.", NOTCH_ID);
    }

    private static UUID offline(String name) {
        return UUID.nameUUIDFromBytes(("OfflinePlayer:" + name).getBytes(StandardCharsets.UTF_8));
    }

    /** Floodgate is installed, and everybody comes with its prefix but only PIA through it. */
    private void underscores() {
        server.onlineMode = false;
        floodgate("_", PIA, PIA_XUID, false);
        reload("");
    }

    @Test
    void aNameWithThePrefixThatFloodgateDoesNotKnowIsJava() {
        underscores();
        MemoryPlayer stranger = join("_PixelPia", offline("_PixelPia"));
        String heard = answer(server.console, "paynowbridge lookup _PixelPia", "Known by name");
        assertTrue(heard.contains("_PixelPia is not a customer"), heard);
        answer(server.console, "paynowbridge token _PixelPia", "A token for _PixelPia");
        answer(stranger, "paynowbridge giftcard GIFT-2500-ALEX", "This card holds");
        assertFalse(sandbox.log().contains("minecraft_bedrock_name"), sandbox.log());
        assertFalse(sandbox.log().contains("433322870177794185/tokens"), "the Bedrock player's token");
        found(join("_PixelPia2", PIA), "Known as a Bedrock player", "433322870177794185");
    }

    @Test
    void otherPluginsGetNoTokenForAGuessEither() {
        underscores();
        var token = server.load(dev.paynowbridge.PayNowService.class)
                .tokenFor(dev.paynowbridge.Player.of(offline("_PixelPia"), "_PixelPia"));
        server.until(token::isDone, "an answer");
        assertFalse(sandbox.log().contains("minecraft_bedrock_name"), sandbox.log());
    }

    @Test
    void nothingIsMintedOrRevokedForANameThatCanStandForTwo() {
        underscores();
        for (String command : new String[] {"token _PixelPia", "revoke _PixelPia", "giftcard GIFT-2500-ALEX _PixelPia"}) {
            answer(server.console, "paynowbridge " + command, "_PixelPia can be a Java or a Bedrock player");
        }
        assertTrue(sandbox.asked("create_customer_token") + sandbox.asked("invalidate_customer_tokens") == 0);
        answer(server.console, "paynowbridge lookup _PixelPia", "_PixelPia is customer 433322870177794185");
        answer(server.console, "paynowbridge token " + PIA_XUID, "A token for " + PIA_XUID);
        server.onlineMode = true;
        floodgate(".", PIA, PIA_XUID, false);
        answer(server.console, "paynowbridge token .PixelPia", "A token for .PixelPia");
    }

    @Test
    void namesAsShownAreFoundAsTheyAreStored() {
        answer(server.console, "paynowbridge lookup .Sir_Dig_A_Lot", "is customer 443822190362625093");
        answer(server.console, "paynowbridge lookup .AShortName", "not a customer");
        answer(server.console, "paynowbridge lookup .ANameCutAtSixte", "Floodgate cuts long names");
    }

    @Test
    void aUuidMadeFromANameNeedsTheName() {
        answer(server.console, "paynowbridge lookup " + offline("Offline_Olga"), "This UUID was made from a name");
    }
}
