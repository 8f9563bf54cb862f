package dev.paynowbridge.common;

import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Who is who, by what the server knows. What Floodgate says comes first, then the UUID; a name never decides which edition a
 * player has. Any thread.
 */
final class Identities {
    private static final String USUAL_PREFIX = ".";
    private static final int MADE_FROM_NAME = 3;

    private final Optional<Floodgate> floodgate;

    Identities(Optional<Floodgate> floodgate) {
        this.floodgate = floodgate;
    }

    /** What the names of Bedrock players begin with. */
    String bedrockPrefix() {
        return floodgate.flatMap(Floodgate::prefix).orElse(USUAL_PREFIX);
    }

    /** Empty where the UUID was made from a name, in offline mode, and the name is not known. */
    Optional<Identity> of(UUID id, @Nullable String name) {
        return of(id, name, false);
    }

    /** The same. A player in offline mode may come with any UUID, and is who the server calls them. */
    Optional<Identity> of(Visitor player) {
        return of(player.id(), player.name(), player.unproven());
    }

    Optional<Identity> of(UUID id, @Nullable String name, boolean unproven) {
        Optional<Floodgate.Bedrock> bedrock = floodgate.flatMap(known -> known.player(id));
        if (bedrock.isPresent()) {
            return Optional.of(bedrock.get().linked()
                    ? Identity.java(id, Identity.Kind.LINKED)
                    : Identity.bedrock(bedrock.get().xuid()));
        }
        // Only Floodgate makes such UUIDs, here or on the proxy before this server.
        if (id.getMostSignificantBits() == 0 && id.getLeastSignificantBits() != 0) {
            return Optional.of(Identity.bedrock(Long.toUnsignedString(id.getLeastSignificantBits())));
        }
        if (unproven || id.version() == MADE_FROM_NAME) {
            return Optional.ofNullable(name).map(Identity::offline);
        }
        return Optional.of(Identity.java(id, Identity.Kind.JAVA));
    }
}
