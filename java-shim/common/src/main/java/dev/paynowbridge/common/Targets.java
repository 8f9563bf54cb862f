package dev.paynowbridge.common;

import dev.paynowbridge.LookupKey;
import dev.paynowbridge.Player;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/** Understands what a command was given as a player: one who is on the server, a UUID, an XUID, or a name. */
final class Targets {
    private static final Pattern UUID_TEXT =
            Pattern.compile("\\p{XDigit}{8}-?\\p{XDigit}{4}-?\\p{XDigit}{4}-?\\p{XDigit}{4}-?\\p{XDigit}{12}");
    /** As long as all XUIDs are. A Java name of sixteen digits could be one too; its owner is found while online. */
    private static final Pattern XUID_TEXT = Pattern.compile("[0-9]{16}");
    /** Names Mojang gives. A server in offline mode lets players take others. */
    private static final Pattern JAVA_NAME = Pattern.compile("[A-Za-z0-9_]{1,16}");
    private static final int LONGEST_NAME = 16;
    private static final String SELECTOR = "@";

    private final Host host;
    private final Identities identities;
    private volatile Optional<String> prefix = Optional.empty();

    Targets(Host host, Identities identities) {
        this.host = host;
        this.identities = identities;
    }

    /** What the owner says that the names of Bedrock players begin with; empty: what Floodgate says. */
    void prefix(Optional<String> ofOwner) {
        prefix = ofOwner;
    }

    private String bedrockPrefix() {
        return prefix.orElseGet(identities::bedrockPrefix);
    }

    Target of(String text) throws Refusal {
        if (text.startsWith(SELECTOR)) {
            throw new Refusal("target.selector", "text", text);
        }
        Optional<Visitor> present = present(text);
        if (present.isPresent()) {
            return of(present.get());
        }
        if (UUID_TEXT.matcher(text).matches()) {
            UUID id = uuid(text);
            Optional<Visitor> owner = host.online(id);
            return owner.isPresent()
                    ? of(owner.get())
                    : Target.of(text, identities.of(id, null).orElseThrow(() -> new Refusal("target.offline-uuid")), false);
        }
        if (XUID_TEXT.matcher(text).matches()) {
            return Target.of(text, Identity.bedrock(text), false);
        }
        return named(text);
    }

    /** A player on the server. */
    Target of(Visitor player) throws Refusal {
        Identity identity =
                identities.of(player).orElseThrow(() -> new Refusal("target.offline-uuid"));
        return Target.of(player.name(), identity, true);
    }

    /** By the name shown, in which Floodgate may have put underscores for blanks. */
    private Optional<Visitor> present(String text) {
        Optional<Visitor> exact = host.online(text);
        return exact.isPresent() || text.indexOf(' ') < 0 ? exact : host.online(text.replace(' ', '_'));
    }

    /**
     * How many words at the end name a player: all those of one who is on the server, or those from the last one on that
     * begins as the names of Bedrock players do.
     */
    int wordsOfPlayer(List<String> words) {
        for (int count = words.size(); count > 1; count--) {
            if (present(String.join(" ", words.subList(words.size() - count, words.size()))).isPresent()) {
                return count;
            }
        }
        String begins = bedrockPrefix();
        for (int count = 1; count <= words.size() && !begins.isEmpty(); count++) {
            String word = words.get(words.size() - count);
            if (word.startsWith(begins) && word.length() > begins.length()) {
                return count;
            }
        }
        return 1;
    }

    /** A player who is not on the server. What a name may stand for is tried in turn; it is certain if that is one thing only. */
    private Target named(String text) {
        String begins = bedrockPrefix();
        boolean prefixed = text.length() > begins.length() && text.startsWith(begins);
        boolean java = host.isOnlineMode() ? JAVA_NAME.matcher(text).matches() : text.indexOf(' ') < 0;
        boolean bedrock = prefixed || !java;
        boolean cut = prefixed && text.length() == LONGEST_NAME;
        List<LookupKey> keys = new ArrayList<>();
        if (java) {
            keys.add(LookupKey.minecraftJavaName(text));
        }
        if (bedrock) {
            String gamertag = prefixed ? text.substring(begins.length()) : text;
            // No gamertag has an underscore: Floodgate puts it for a blank.
            String blanks = gamertag.replace('_', ' ').trim();
            if (!blanks.isEmpty()) {
                keys.add(LookupKey.minecraftBedrockName(blanks));
            }
            if (!gamertag.equals(blanks)) {
                keys.add(LookupKey.minecraftBedrockName(gamertag));
            }
        }
        Optional<Identity> identity = Optional.empty();
        boolean surelyBedrock = prefixed && !java && !begins.isEmpty() && !cut;
        if (java && !bedrock || surelyBedrock) {
            identity = Optional.of(new Identity(Identity.Kind.NAME, keys.get(0), Player.named(text)));
        }
        return new Target(text, identity, keys, false, cut);
    }

    private static UUID uuid(String text) {
        String digits = text.replace("-", "");
        return new UUID(Long.parseUnsignedLong(digits, 0, 16, 16), Long.parseUnsignedLong(digits, 16, 32, 16));
    }

    /** Names of those who are on the server and whom the sender can see. */
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
