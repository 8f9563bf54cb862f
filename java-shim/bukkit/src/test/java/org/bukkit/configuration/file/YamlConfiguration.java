package org.bukkit.configuration.file;

import java.io.File;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.Map;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.YAMLException;

/** As on a server: what cannot be read is said to be empty. */
public class YamlConfiguration extends FileConfiguration {
    private final Object root;
    private FileConfiguration defaults;

    private YamlConfiguration(Object root) {
        this.root = root;
    }

    public static YamlConfiguration loadConfiguration(File file) {
        try (Reader reader = Files.newBufferedReader(file.toPath())) {
            return loadConfiguration(reader);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static YamlConfiguration loadConfiguration(Reader reader) {
        try {
            return new YamlConfiguration(new Yaml().load(reader));
        } catch (YAMLException e) {
            return new YamlConfiguration(Map.of());
        }
    }

    public void setDefaults(FileConfiguration defaults) {
        this.defaults = defaults;
    }

    public Object get(String path) {
        Object found = root;
        for (String part : path.split("\\.")) {
            found = found instanceof Map<?, ?> map ? map.get(part) : null;
        }
        return found;
    }

    @Override
    public String getString(String path) {
        Object found = get(path);
        if (found == null && defaults != null) {
            return defaults.getString(path);
        }
        return found == null || found instanceof Map ? null : found.toString();
    }
}
