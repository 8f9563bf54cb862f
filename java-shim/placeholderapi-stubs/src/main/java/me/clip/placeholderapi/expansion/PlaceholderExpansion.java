package me.clip.placeholderapi.expansion;

import java.util.List;
import me.clip.placeholderapi.PlaceholderHook;

/** The placeholders of one plugin. */
public abstract class PlaceholderExpansion extends PlaceholderHook {
    public abstract String getIdentifier();

    public abstract String getAuthor();

    public abstract String getVersion();

    public List<String> getPlaceholders() {
        throw new UnsupportedOperationException("a signature to compile against");
    }

    public boolean persist() {
        throw new UnsupportedOperationException("a signature to compile against");
    }

    public boolean register() {
        throw new UnsupportedOperationException("a signature to compile against");
    }

    public final boolean unregister() {
        throw new UnsupportedOperationException("a signature to compile against");
    }
}
