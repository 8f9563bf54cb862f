package dev.paynowbridge.common;

import java.util.Optional;

/** Who gave a command. */
public interface Sender {
    /**
     * The player, if it is one.
     *
     * @return empty for a console
     */
    Optional<Visitor> player();

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
     * @return always true for a console
     */
    boolean canSee(Visitor other);
}
