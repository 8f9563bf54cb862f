package dev.paynowbridge;

/** Edition of a Minecraft account. */
public enum MinecraftPlatform {
    /** Not known, or an edition newer than this library. */
    UNKNOWN,
    /** Java Edition. */
    JAVA,
    /** Bedrock Edition. */
    BEDROCK
}
