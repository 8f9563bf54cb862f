package org.bukkit.plugin;

import java.util.List;

/** As on a server, except that it is told what plugin.yml says. */
public final class PluginDescriptionFile {
    private final String version;
    private final List<String> depend;
    private final List<String> softDepend;

    public PluginDescriptionFile(String version, List<String> depend, List<String> softDepend) {
        this.version = version;
        this.depend = depend;
        this.softDepend = softDepend;
    }

    public String getVersion() {
        return version;
    }

    public List<String> getDepend() {
        return depend;
    }

    public List<String> getSoftDepend() {
        return softDepend;
    }
}
