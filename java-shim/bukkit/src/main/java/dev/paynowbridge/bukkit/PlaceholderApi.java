package dev.paynowbridge.bukkit;

import dev.paynowbridge.common.Placeholders;
import java.util.List;
import java.util.stream.Stream;
import me.clip.placeholderapi.expansion.PlaceholderExpansion;
import org.bukkit.OfflinePlayer;
import org.bukkit.entity.Player;
import org.jspecify.annotations.Nullable;

/** The placeholders for PlaceholderAPI. Only where it is there can this class be loaded. On any thread. */
final class PlaceholderApi extends PlaceholderExpansion {
    /** Formats, tags and other placeholders begin with them, and with their wide forms nothing does. */
    private static final String MARKS = "&<%{";

    private static final String WIDE_MARKS = "\uff06\uff1c\uff05\uff5b";

    private final Placeholders placeholders;
    private final String version;

    private PlaceholderApi(Placeholders placeholders, String version) {
        this.placeholders = placeholders;
        this.version = version;
    }

    /** Registers with PlaceholderAPI, and returns what takes that back. */
    static Runnable register(Placeholders placeholders, String version) {
        PlaceholderExpansion expansion = new PlaceholderApi(placeholders, version);
        if (!expansion.register()) {
            throw new IllegalStateException("it does not register the placeholders");
        }
        return expansion::unregister;
    }

    @Override
    public String getIdentifier() {
        return Placeholders.IDENTIFIER;
    }

    @Override
    public String getAuthor() {
        return "PayNow bridge";
    }

    @Override
    public String getVersion() {
        return version;
    }

    /** For completing commands. */
    @Override
    public List<String> getPlaceholders() {
        return Stream.concat(Placeholders.NAMES.stream(), Stream.of(Placeholders.METADATA + "_<key>"))
                .map(name -> "%" + Placeholders.IDENTIFIER + "_" + name + "%")
                .toList();
    }

    /** Its reload is not ours. */
    @Override
    public boolean persist() {
        return true;
    }

    @Override
    public @Nullable String onRequest(@Nullable OfflinePlayer player, String params) {
        String text = answer(player).text(params);
        return text == null ? null : unmarked(text);
    }

    /** The name of one who is not here may have to be read from the disk. */
    private Placeholders.Answer answer(@Nullable OfflinePlayer player) {
        if (player == null) {
            return Placeholders.Answer.UNKNOWN;
        }
        return player instanceof Player here
                ? placeholders.of(BukkitSender.visitor(here))
                : placeholders.of(player.getUniqueId(), null);
    }

    /** PlaceholderAPI colours what it is given, and plugins look for tags in what it returns. */
    private static String unmarked(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (MARKS.indexOf(text.charAt(i)) >= 0) {
                return replaced(text);
            }
        }
        return text;
    }

    private static String replaced(String text) {
        StringBuilder out = new StringBuilder(text);
        for (int i = 0; i + 1 < out.length(); i++) {
            int mark = MARKS.indexOf(out.charAt(i));
            if (mark >= 0 && out.charAt(i + 1) != ' ') {
                out.setCharAt(i, WIDE_MARKS.charAt(mark));
            }
        }
        return out.toString();
    }
}
