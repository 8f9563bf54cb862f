package dev.paynowbridge.common;

import java.util.Optional;

/** Who gave a command. */
public interface Sender {
    /**
     * The player, if it is one.
     *
     * @return empty for a console, a remote console, a command block
     */
    Optional<Visitor> player();

    /**
     * Whether a line can be shown after the command has ended. A remote console is gone by then.
     *
     * @return true for players and the console
     */
    boolean hearsLater();

    /**
     * Whether a permission was given.
     *
     * @param permission its name
     * @return whether it was
     */
    boolean hasPermission(String permission);

    /**
     * Shows a line. Only on the thread {@link Host#run} leads to, or inside a command.
     *
     * @param text with colours as the game writes them
     */
    void send(String text);

    /**
     * Whether a player is visible to this sender.
     *
     * @param other somebody on the server
     * @return always true for anything but a player
     */
    boolean canSee(Visitor other);
}
