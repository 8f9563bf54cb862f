package dev.paynowbridge.bukkit;

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
        String heard = answer(server.console, "paynow lookup " + player.getName(), kind);
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
        found(join(".PixelPia", PIA), "Known by XUID", "433322870177794185");
        assertTrue(sandbox.log().contains("xbox_xuid=" + PIA_XUID), sandbox.log());
    }

    @Test
    void floodgateKnowsTheXuidOfAnyPlayer() {
        UUID odd = UUID.fromString("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee");
        floodgate(".", odd, PIA_XUID, false);
        found(join(".PixelPia", odd), "Known by XUID", "433322870177794185");
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
        answer(server.console, "paynow lookup *Sir Dig A Lot", "is customer 443822190362625093");
        reload("bedrock-prefix: '!'\n");
        answer(server.console, "paynow lookup !Sir Dig A Lot", "is customer 443822190362625093");
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
}
