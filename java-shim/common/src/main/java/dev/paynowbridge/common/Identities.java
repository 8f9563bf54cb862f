package dev.paynowbridge.common;

import dev.paynowbridge.Player;
import java.util.Optional;
import java.util.UUID;

/**
 * Hands over what this server knows of a player. Which of it counts is the library's decision; linked Bedrock players are
 * the exception, because only Floodgate knows that they play as a Java account. Any thread.
 */
final class Identities {
    private static final String USUAL_PREFIX = ".";
    private static final int MADE_FROM_NAME = 3;

    private final Optional<Floodgate> floodgate;

    Identities(Optional<Floodgate> floodgate) {
        this.floodgate = floodgate;
    }

    /** What a player is known by; the name of a line in messages.yml. */
    enum Kind {
        JAVA,
        OFFLINE,
        BEDROCK,
        LINKED
    }

    /** What stands before the names of Bedrock players. */
    String bedrockPrefix() {
        return floodgate.flatMap(Floodgate::prefix).orElse(USUAL_PREFIX);
    }

    /** For the library. */
    Player of(UUID id, String name) {
        Optional<String> xuid = bedrock(id).filter(player -> !player.linked()).map(Floodgate.Bedrock::xuid);
        return new Player(null, xuid.orElse(null), id, name);
    }

    /** For the reader. */
    Kind kind(UUID id) {
        Optional<Floodgate.Bedrock> bedrock = bedrock(id);
        if (bedrock.isPresent()) {
            return bedrock.get().linked() ? Kind.LINKED : Kind.BEDROCK;
        }
        if (id.getMostSignificantBits() == 0) {
            return Kind.BEDROCK;
        }
        return id.version() == MADE_FROM_NAME ? Kind.OFFLINE : Kind.JAVA;
    }

    private Optional<Floodgate.Bedrock> bedrock(UUID id) {
        return floodgate.flatMap(known -> known.player(id));
    }
}
