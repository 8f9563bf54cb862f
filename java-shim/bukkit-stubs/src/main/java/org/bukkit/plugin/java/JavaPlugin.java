package org.bukkit.plugin.java;

import java.io.File;
import java.io.InputStream;
import java.util.logging.Logger;
import org.bukkit.Server;
import org.bukkit.command.Command;
import org.bukkit.command.CommandExecutor;
import org.bukkit.command.CommandSender;
import org.bukkit.command.PluginCommand;
import org.bukkit.plugin.Plugin;
import org.bukkit.plugin.PluginDescriptionFile;

/** A plugin written in Java. */
public abstract class JavaPlugin implements Plugin, CommandExecutor {
    public static JavaPlugin getProvidingPlugin(Class<?> clazz) {
        throw new UnsupportedOperationException("a signature to compile against");
    }

    @Override
    public final PluginDescriptionFile getDescription() {
        throw new UnsupportedOperationException("a signature to compile against");
    }

    public void onEnable() {}

    public void onDisable() {}

    @Override
    public boolean onCommand(CommandSender sender, Command command, String label, String[] args) {
        throw new UnsupportedOperationException("a signature to compile against");
    }

    @Override
    public final String getName() {
        throw new UnsupportedOperationException("a signature to compile against");
    }

    @Override
    public final boolean isEnabled() {
        throw new UnsupportedOperationException("a signature to compile against");
    }

    @Override
    public final Server getServer() {
        throw new UnsupportedOperationException("a signature to compile against");
    }

    @Override
    public Logger getLogger() {
        throw new UnsupportedOperationException("a signature to compile against");
    }

    @Override
    public final File getDataFolder() {
        throw new UnsupportedOperationException("a signature to compile against");
    }

    @Override
    public InputStream getResource(String name) {
        throw new UnsupportedOperationException("a signature to compile against");
    }

    public PluginCommand getCommand(String name) {
        throw new UnsupportedOperationException("a signature to compile against");
    }
}
