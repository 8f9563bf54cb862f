package org.bukkit.configuration;

/** A part of a configuration. */
public interface ConfigurationSection {
    String getString(String path);
}
