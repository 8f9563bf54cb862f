package org.bukkit.command;

import org.bukkit.plugin.Plugin;

/** A command of a plugin. */
public final class PluginCommand extends Command {
    PluginCommand(String name, Plugin owner) {
        super(name);
    }

    public void setExecutor(CommandExecutor executor) {
        throw new UnsupportedOperationException("a signature to compile against");
    }

    public void setTabCompleter(TabCompleter completer) {
        throw new UnsupportedOperationException("a signature to compile against");
    }
}
