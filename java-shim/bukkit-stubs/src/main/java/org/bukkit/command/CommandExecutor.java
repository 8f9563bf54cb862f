package org.bukkit.command;

/** Carries commands out. */
public interface CommandExecutor {
    boolean onCommand(CommandSender sender, Command command, String label, String[] args);
}
