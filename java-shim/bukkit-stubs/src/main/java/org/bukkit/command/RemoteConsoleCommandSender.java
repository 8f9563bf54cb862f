package org.bukkit.command;

/** A console far away. */
public interface RemoteConsoleCommandSender extends CommandSender {}
