package org.bukkit.configuration.file;

import java.io.File;
import java.io.Reader;

/** A configuration in YAML. */
public abstract class YamlConfiguration extends FileConfiguration {
    public static YamlConfiguration loadConfiguration(File file) {
        throw new UnsupportedOperationException("a signature to compile against");
    }

    public static YamlConfiguration loadConfiguration(Reader reader) {
        throw new UnsupportedOperationException("a signature to compile against");
    }
}
