package me.clip.placeholderapi.expansion;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import me.clip.placeholderapi.PlaceholderHook;
import org.bukkit.OfflinePlayer;

/** As in PlaceholderAPI, as far as the plugin uses it. */
public abstract class PlaceholderExpansion extends PlaceholderHook {
    /** All there are, by their identifiers. */
    public static final Map<String, PlaceholderExpansion> ALL = new ConcurrentHashMap<>();

    /** Whether there can be no more. */
    public static volatile boolean refuses;

    /** A text with its placeholders replaced: what no expansion knows stays. */
    public static String set(OfflinePlayer player, String placeholder) {
        String[] parts = placeholder.substring(1, placeholder.length() - 1).split("_", 2);
        PlaceholderExpansion expansion = ALL.get(parts[0]);
        String value = expansion == null ? null : expansion.onRequest(player, parts[1]);
        return value == null ? placeholder : value.replaceAll("&([0-9a-fk-orx])", "\u00a7$1");
    }

    public abstract String getIdentifier();

    public abstract String getAuthor();

    public abstract String getVersion();

    public List<String> getPlaceholders() {
        return List.of();
    }

    public boolean persist() {
        return false;
    }

    public boolean register() {
        if (!refuses) {
            ALL.put(getIdentifier(), this);
        }
        return !refuses;
    }

    public final boolean unregister() {
        return ALL.remove(getIdentifier(), this);
    }
}
