package org.bukkit.command;

/** As on a server. */
public final class PluginCommand extends Command {
    private final String name;
    public CommandExecutor executor;
    public TabCompleter completer;

    public PluginCommand(String name, CommandExecutor executor) {
        super(name);
        this.name = name;
        this.executor = executor;
    }

    @Override
    public String getName() {
        return name;
    }

    public void setExecutor(CommandExecutor executor) {
        this.executor = executor;
    }

    public void setTabCompleter(TabCompleter completer) {
        this.completer = completer;
    }
}
