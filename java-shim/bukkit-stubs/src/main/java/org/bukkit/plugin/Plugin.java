package org.bukkit.plugin;

import java.io.File;
import java.io.InputStream;
import java.util.logging.Logger;
import org.bukkit.Server;

/** A plugin. */
public interface Plugin {
    String getName();

    boolean isEnabled();

    PluginDescriptionFile getDescription();

    Server getServer();

    Logger getLogger();

    File getDataFolder();

    InputStream getResource(String filename);
}
