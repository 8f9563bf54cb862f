package org.bukkit.command;

/** A command. */
public abstract class Command {
    protected Command(String name) {}

    public String getName() {
        throw new UnsupportedOperationException("a signature to compile against");
    }
}
