package dev.paynowbridge;

import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The one thing a customer is looked up by. */
public final class LookupKey {
    private static final int ID = 0;
    private static final int STEAM_ID = 1;
    private static final int MINECRAFT_UUID = 2;
    private static final int XBOX_XUID = 3;
    private static final int MINECRAFT_JAVA_NAME = 4;
    private static final int MINECRAFT_BEDROCK_NAME = 5;
    private static final int NAME = 6;

    final int kind;
    /** Null when it is a UUID. */
    final @Nullable String text;

    final long high;
    final long low;

    private LookupKey(int kind, @Nullable String text, long high, long low) {
        this.kind = kind;
        this.text = text;
        this.high = high;
        this.low = low;
    }

    private static LookupKey of(int kind, String argument, @Nullable String text) {
        if (text == null) {
            throw new IllegalArgumentException(argument + " is required");
        }
        return new LookupKey(kind, text, 0, 0);
    }

    /**
     * A Minecraft UUID. Misses in offline-mode stores.
     *
     * @param uuid the UUID
     * @return the key
     * @throws IllegalArgumentException when it is null
     */
    public static LookupKey minecraftUuid(UUID uuid) {
        if (uuid == null) {
            throw new IllegalArgumentException("minecraftUuid is required");
        }
        return new LookupKey(MINECRAFT_UUID, null, uuid.getMostSignificantBits(), uuid.getLeastSignificantBits());
    }

    /**
     * PayNow's id of the customer.
     *
     * @param id the id
     * @return the key
     * @throws IllegalArgumentException when it is null
     */
    public static LookupKey customerId(String id) {
        return of(ID, "id", id);
    }

    /**
     * A SteamID64.
     *
     * @param steamId the id
     * @return the key
     * @throws IllegalArgumentException when it is null
     */
    public static LookupKey steamId(String steamId) {
        return of(STEAM_ID, "steamId", steamId);
    }

    /**
     * A SteamID64.
     *
     * @param steamId the id
     * @return the key
     */
    public static LookupKey steamId(long steamId) {
        return steamId(Long.toUnsignedString(steamId));
    }

    /**
     * An Xbox XUID: right for Bedrock players, whose names have prefixes.
     *
     * @param xuid the XUID
     * @return the key
     * @throws IllegalArgumentException when it is null
     */
    public static LookupKey xboxXuid(String xuid) {
        return of(XBOX_XUID, "xboxXuid", xuid);
    }

    /**
     * An Xbox XUID: right for Bedrock players, whose names have prefixes.
     *
     * @param xuid the XUID
     * @return the key
     */
    public static LookupKey xboxXuid(long xuid) {
        return xboxXuid(Long.toUnsignedString(xuid));
    }

    /**
     * The name of a Java (or offline-mode) player.
     *
     * @param name the name
     * @return the key
     * @throws IllegalArgumentException when it is null
     */
    public static LookupKey minecraftJavaName(String name) {
        return of(MINECRAFT_JAVA_NAME, "minecraftJavaName", name);
    }

    /**
     * The gamertag of a Bedrock player, without the server's prefix.
     *
     * @param name the gamertag
     * @return the key
     * @throws IllegalArgumentException when it is null
     */
    public static LookupKey minecraftBedrockName(String name) {
        return of(MINECRAFT_BEDROCK_NAME, "minecraftBedrockName", name);
    }

    /**
     * The name set on the customer itself; profile names are not matched.
     *
     * @param name the name
     * @return the key
     * @throws IllegalArgumentException when it is null
     */
    public static LookupKey name(String name) {
        return of(NAME, "name", name);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof LookupKey key
                && kind == key.kind
                && high == key.high
                && low == key.low
                && Objects.equals(text, key.text);
    }

    @Override
    public int hashCode() {
        return Objects.hash(kind, text, high, low);
    }

    @Override
    public String toString() {
        return "LookupKey[" + (text == null ? new UUID(high, low).toString() : text) + "]";
    }
}
