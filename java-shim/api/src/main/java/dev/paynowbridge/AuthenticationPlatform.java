package dev.paynowbridge;

/** A platform a player can be authenticated by. */
public enum AuthenticationPlatform {
    /** SteamID64; PayNow does not accept it at face value. */
    STEAM,
    /** A name; Bedrock players are told apart by the store's own prefix setting. */
    MINECRAFT,
    /** Name of a PayNow customer. */
    PAYNOW_NAME,
    /** The same under its other spelling. */
    PAYNOW,
    /** Name of a Java player. */
    MINECRAFT_JAVA_NAME,
    /** Gamertag of a Bedrock player. */
    MINECRAFT_BEDROCK_NAME,
    /** Xbox XUID. */
    XBOX_XUID,
    /** Minecraft UUID. */
    MINECRAFT_UUID
}
