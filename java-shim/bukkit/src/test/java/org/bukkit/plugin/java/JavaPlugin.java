package org.bukkit.plugin.java;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Logger;
import org.bukkit.Server;
import org.bukkit.command.Command;
import org.bukkit.command.CommandExecutor;
import org.bukkit.command.CommandSender;
import org.bukkit.command.PluginCommand;
import org.bukkit.plugin.Plugin;
import org.bukkit.plugin.PluginDescriptionFile;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** As on a server: reads its resources from its own jar or folder, and its files from its data folder. */
public abstract class JavaPlugin implements Plugin, CommandExecutor {
    private static final List<JavaPlugin> ALL = new CopyOnWriteArrayList<>();

    private final Map<String, PluginCommand> commands = new HashMap<>();
    private Server server;
    private File folder;
    private Logger logger;
    private Map<String, Object> description;
    private volatile boolean enabled;

    /** What a server does before it enables a plugin. */
    public void attach(Server server, File plugins, Logger logger) {
        this.server = server;
        this.logger = logger;
        description = describe();
        ALL.removeIf(other -> other.getName().equals(getName()));
        ALL.add(this);
        folder = new File(plugins, getName());
        if (description.get("commands") instanceof Map<?, ?> declared) {
            declared.forEach((name, about) -> {
                PluginCommand command = new PluginCommand((String) name, this);
                commands.put((String) name, command);
                if (((Map<?, ?>) about).get("aliases") instanceof List<?> aliases) {
                    aliases.forEach(alias -> commands.put((String) alias, command));
                }
            });
        }
    }

    /** As on a server, by class loader; tests have one for all: then by the package. */
    public static JavaPlugin getProvidingPlugin(Class<?> clazz) {
        for (JavaPlugin plugin : ALL) {
            if (clazz.getPackageName().equals(plugin.getClass().getPackageName())) {
                return plugin;
            }
        }
        throw new IllegalArgumentException(clazz + " is not provided by a plugin");
    }

    /** What plugin.yml says. */
    public Map<String, Object> description() {
        return description;
    }

    @Override
    public final PluginDescriptionFile getDescription() {
        return new PluginDescriptionFile(String.valueOf(description.get("version")), names("depend"), names("softdepend"));
    }

    private List<String> names(String key) {
        return description.get(key) instanceof List<?> names ? names.stream().map(String::valueOf).toList() : List.of();
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
            ALL.remove(this);
        }
    }

    @SuppressWarnings("unchecked")
    private Map<String, Object> describe() {
        try (InputStream in = getResource("plugin.yml")) {
            return (Map<String, Object>) new Load(LoadSettings.builder().build()).loadFromInputStream(in);
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
        return (String) description.get("name");
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
