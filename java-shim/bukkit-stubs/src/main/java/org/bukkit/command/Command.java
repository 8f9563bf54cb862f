package org.bukkit.command;

/** A command. */
public abstract class Command {
    public String getName() {
        throw new UnsupportedOperationException("a signature to compile against");
    }
}
