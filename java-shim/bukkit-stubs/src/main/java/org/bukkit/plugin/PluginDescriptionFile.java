package org.bukkit.plugin;

import java.util.List;

/** What plugin.yml says. */
public final class PluginDescriptionFile {
    public PluginDescriptionFile(String pluginName, String pluginVersion, String mainClass) {
        throw new UnsupportedOperationException("a signature to compile against");
    }

    public String getVersion() {
        throw new UnsupportedOperationException("a signature to compile against");
    }

    public List<String> getDepend() {
        throw new UnsupportedOperationException("a signature to compile against");
    }

    public List<String> getSoftDepend() {
        throw new UnsupportedOperationException("a signature to compile against");
    }
}
