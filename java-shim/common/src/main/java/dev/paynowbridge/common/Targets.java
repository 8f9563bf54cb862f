package dev.paynowbridge.common;

import dev.paynowbridge.Player;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/** Understands what a command was given as a player: one who is here, a UUID, an XUID, or a name. */
final class Targets {
    private static final Pattern UUID_TEXT =
            Pattern.compile("\\p{XDigit}{8}-?\\p{XDigit}{4}-?\\p{XDigit}{4}-?\\p{XDigit}{4}-?\\p{XDigit}{12}");
    /** As long as all XUIDs are. A Java name of sixteen digits could be one too; whoever bears it is found while online. */
    private static final Pattern XUID_TEXT = Pattern.compile("[0-9]{16}");

    private final Host host;
    private final Identities identities;

    Targets(Host host, Identities identities) {
        this.host = host;
        this.identities = identities;
    }

    Target of(String text) {
        Optional<Visitor> present = host.online(text);
        if (present.isPresent()) {
            return of(present.get());
        }
        if (UUID_TEXT.matcher(text).matches()) {
            UUID id = uuid(text);
            Optional<Visitor> owner = host.online(id);
            return owner.isPresent()
                    ? of(owner.get())
                    : new Target(text, identities.of(id, null), Optional.of(identities.kind(id)), false);
        }
        if (XUID_TEXT.matcher(text).matches()) {
            return new Target(text, new Player(null, text, null, null), Optional.of(Identities.Kind.BEDROCK), false);
        }
        return new Target(text, Player.named(text), Optional.empty(), false);
    }

    Target of(Visitor player) {
        UUID id = player.id();
        return new Target(player.name(), identities.of(id, player.name()), Optional.of(identities.kind(id)), true);
    }

    private static UUID uuid(String text) {
        String digits = text.replace("-", "");
        return new UUID(Long.parseUnsignedLong(digits, 0, 16, 16), Long.parseUnsignedLong(digits, 16, 32, 16));
    }

    /** Names of those who are here and whom the sender can see. */
    List<String> complete(Sender sender, String begun) {
        String start = begun.toLowerCase(Locale.ROOT);
        List<String> names = new ArrayList<>();
        for (Visitor player : host.online()) {
            if (sender.canSee(player) && player.name().toLowerCase(Locale.ROOT).startsWith(start)) {
                names.add(player.name());
            }
        }
        names.sort(String.CASE_INSENSITIVE_ORDER);
        return names;
    }
}
