package me.clip.placeholderapi;

import org.bukkit.OfflinePlayer;

/** Something that answers placeholders. */
public abstract class PlaceholderHook {
    public String onRequest(OfflinePlayer player, String params) {
        throw new UnsupportedOperationException("a signature to compile against");
    }
}
