package org.bukkit.command;

/** Who gives a command. */
public interface CommandSender {
    void sendMessage(String message);

    String getName();

    boolean hasPermission(String name);
}
