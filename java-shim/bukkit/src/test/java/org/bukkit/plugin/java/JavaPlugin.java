package org.bukkit.plugin.java;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.Map;
import java.util.logging.Logger;
import org.bukkit.Server;
import org.bukkit.command.Command;
import org.bukkit.command.CommandExecutor;
import org.bukkit.command.CommandSender;
import org.bukkit.command.PluginCommand;
import org.bukkit.configuration.file.FileConfiguration;
import org.bukkit.configuration.file.YamlConfiguration;
import org.bukkit.plugin.Plugin;

/** As on a server: reads its resources from its own jar or folder, and its files from its data folder. */
public abstract class JavaPlugin implements Plugin, CommandExecutor {
    private final Map<String, PluginCommand> commands = new HashMap<>();
    private Server server;
    private File folder;
    private Logger logger;
    private YamlConfiguration description;
    private FileConfiguration config;
    private volatile boolean enabled;

    /** What a server does before it enables a plugin. */
    public void attach(Server server, File plugins, Logger logger) {
        this.server = server;
        this.logger = logger;
        description = resource("plugin.yml");
        folder = new File(plugins, getName());
        if (description.get("commands") instanceof Map<?, ?> declared) {
            declared.keySet().forEach(name -> commands.put((String) name, new PluginCommand((String) name, this)));
        }
    }

    /** What plugin.yml says. */
    public YamlConfiguration description() {
        return description;
    }

    public Map<String, PluginCommand> commands() {
        return commands;
    }

    public void setEnabled(boolean enable) {
        enabled = enable;
        if (enable) {
            onEnable();
        } else {
            onDisable();
        }
    }

    private YamlConfiguration resource(String name) {
        try (InputStream in = getResource(name)) {
            return YamlConfiguration.loadConfiguration(new InputStreamReader(in, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public void onEnable() {}

    public void onDisable() {}

    @Override
    public boolean onCommand(CommandSender sender, Command command, String label, String[] args) {
        return false;
    }

    @Override
    public final String getName() {
        return description.getString("name");
    }

    @Override
    public final boolean isEnabled() {
        return enabled;
    }

    @Override
    public final Server getServer() {
        return server;
    }

    @Override
    public Logger getLogger() {
        return logger;
    }

    @Override
    public final File getDataFolder() {
        return folder;
    }

    public FileConfiguration getConfig() {
        if (config == null) {
            reloadConfig();
        }
        return config;
    }

    public void reloadConfig() {
        YamlConfiguration read = YamlConfiguration.loadConfiguration(new File(folder, "config.yml"));
        read.setDefaults(resource("config.yml"));
        config = read;
    }

    public void saveDefaultConfig() {
        if (!new File(folder, "config.yml").exists()) {
            saveResource("config.yml", false);
        }
    }

    public void saveResource(String path, boolean replace) {
        Path target = folder.toPath().resolve(path);
        try (InputStream in = getResource(path)) {
            Files.createDirectories(target.getParent());
            if (replace) {
                Files.copy(in, target, StandardCopyOption.REPLACE_EXISTING);
            } else {
                Files.copy(in, target);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public InputStream getResource(String name) {
        URL place = getClass().getProtectionDomain().getCodeSource().getLocation();
        try (URLClassLoader own = new URLClassLoader(new URL[] {place}, null);
                InputStream in = own.getResourceAsStream(name)) {
            return in == null ? null : new java.io.ByteArrayInputStream(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public PluginCommand getCommand(String name) {
        return commands.get(name);
    }
}
