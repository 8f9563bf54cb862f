package dev.paynowbridge.common;

import dev.paynowbridge.LookupKey;
import dev.paynowbridge.Player;

/**
 * Who somebody surely is.
 *
 * @param kind what they are known by
 * @param key by what they are looked up
 * @param player as the library is told
 */
record Identity(Kind kind, LookupKey key, Player player) {
    /** What a player is known by; the name of a line in messages.yml. */
    enum Kind {
        JAVA,
        OFFLINE,
        BEDROCK,
        LINKED,
        /** Only a name was given, and it can stand for one player alone. */
        NAME
    }

    static Identity java(java.util.UUID id, Kind kind) {
        return new Identity(kind, LookupKey.minecraftUuid(id), new Player(null, null, id, null));
    }

    static Identity offline(String name) {
        return new Identity(Kind.OFFLINE, LookupKey.minecraftJavaName(name), Player.named(name));
    }

    static Identity bedrock(String xuid) {
        return new Identity(Kind.BEDROCK, LookupKey.xboxXuid(xuid), new Player(null, xuid, null, null));
    }
}
