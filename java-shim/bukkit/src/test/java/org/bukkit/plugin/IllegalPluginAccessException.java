package org.bukkit.plugin;

/** As on a server. */
@SuppressWarnings("serial")
public class IllegalPluginAccessException extends RuntimeException {
    public IllegalPluginAccessException(String message) {
        super(message);
    }
}
