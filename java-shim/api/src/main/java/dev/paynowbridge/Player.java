package dev.paynowbridge;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a host knows of a player. The library picks the strongest key: Steam id, then XUID, then UUID, then name. A UUID
 * made by Floodgate is understood as the XUID it holds; one made from a name by a server in offline mode stands back
 * behind the name.
 *
 * @param steamId SteamID64, or null
 * @param xboxXuid Xbox XUID in decimal digits, or null
 * @param minecraftUuid Minecraft UUID as the server knows it, or null
 * @param name name in the game, with the Bedrock prefix if the server adds one, or null
 */
public record Player(
        @Nullable String steamId, @Nullable String xboxXuid, @Nullable UUID minecraftUuid, @Nullable String name) {
    /**
     * A player as a Minecraft server knows them.
     *
     * @param minecraftUuid the UUID
     * @param name the name
     * @return the player
     */
    public static Player of(UUID minecraftUuid, String name) {
        return new Player(null, null, minecraftUuid, name);
    }

    /**
     * A player of whom only the name is known.
     *
     * @param name the name
     * @return the player
     */
    public static Player named(String name) {
        return new Player(null, null, null, name);
    }

    /**
     * A player of a Steam game.
     *
     * @param steamId SteamID64
     * @return the player
     */
    public static Player ofSteam(String steamId) {
        return new Player(steamId, null, null, null);
    }

    /**
     * A Bedrock player.
     *
     * @param xboxXuid Xbox XUID
     * @return the player
     */
    public static Player ofXbox(long xboxXuid) {
        return new Player(null, Long.toUnsignedString(xboxXuid), null, null);
    }

    // The UUID as it crosses into the library: as two numbers, which is cheaper than as text.

    boolean hasUuid() {
        return minecraftUuid != null;
    }

    long uuidHigh() {
        return hasUuid() ? minecraftUuid.getMostSignificantBits() : 0;
    }

    long uuidLow() {
        return hasUuid() ? minecraftUuid.getLeastSignificantBits() : 0;
    }
}
