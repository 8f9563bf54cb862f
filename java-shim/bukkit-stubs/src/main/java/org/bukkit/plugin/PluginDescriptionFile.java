package org.bukkit.plugin;

/** What plugin.yml says. */
public final class PluginDescriptionFile {
    private final String version;

    public PluginDescriptionFile(String pluginName, String pluginVersion, String mainClass) {
        version = pluginVersion;
    }

    public String getVersion() {
        return version;
    }
}
