package org.bukkit.command;

/** A command block. */
public interface BlockCommandSender extends CommandSender {}
