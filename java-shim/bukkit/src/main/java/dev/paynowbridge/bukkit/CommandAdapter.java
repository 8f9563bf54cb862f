package dev.paynowbridge.bukkit;

import dev.paynowbridge.common.Commands;
import java.util.ArrayList;
import java.util.List;
import org.bukkit.command.Command;
import org.bukkit.command.CommandExecutor;
import org.bukkit.command.CommandSender;
import org.bukkit.command.TabCompleter;

/** Hands commands on. */
final class CommandAdapter implements CommandExecutor, TabCompleter {
    private final Commands commands;

    CommandAdapter(Commands commands) {
        this.commands = commands;
    }

    @Override
    public boolean onCommand(CommandSender sender, Command command, String label, String[] args) {
        commands.run(new BukkitSender(sender), args);
        return true;
    }

    @Override
    public List<String> onTabComplete(CommandSender sender, Command command, String alias, String[] args) {
        return new ArrayList<>(commands.complete(new BukkitSender(sender), args));
    }
}
