package org.bukkit.command;

/** A command of a plugin. */
public final class PluginCommand extends Command {
    public void setExecutor(CommandExecutor executor) {
        throw new UnsupportedOperationException("a signature to compile against");
    }

    public void setTabCompleter(TabCompleter completer) {
        throw new UnsupportedOperationException("a signature to compile against");
    }
}
