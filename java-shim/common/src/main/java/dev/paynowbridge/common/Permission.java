package dev.paynowbridge.common;

import java.util.List;

/**
 * A permission of this plugin. A platform registers those that it does not know from a file: one that is not registered may
 * be given to every operator.
 *
 * @param name its name
 * @param description what it allows
 * @param given who has it unless the owner says otherwise
 */
public record Permission(String name, String description, Given given) {
    /** Who has a permission unless the owner says otherwise. */
    public enum Given {
        /** Every player. */
        EVERYBODY,
        /** Operators. */
        OPERATORS,
        /** No player. */
        NO_PLAYER
    }

    static final String PREFIX = "paynowbridge.";
    static final String REVEAL = PREFIX + "token.reveal";
    /** Who may run the doctor hears reasons; players hear that the store cannot be reached. */
    static final String OWNER = PREFIX + "doctor";

    /** All there are. */
    public static final List<Permission> ALL = List.of(
            new Permission(PREFIX + "giftcard", "Look up the balance of a gift card.", Given.EVERYBODY),
            new Permission(PREFIX + "status", "See how the connection is doing.", Given.OPERATORS),
            new Permission(PREFIX + "lookup", "Look up customers.", Given.OPERATORS),
            new Permission(PREFIX + "token", "Mint a customer's token, which is shown masked.", Given.OPERATORS),
            new Permission(
                    REVEAL,
                    "See the whole token, in the game only. Anyone who has it acts as that customer in the store.",
                    Given.NO_PLAYER),
            new Permission(PREFIX + "revoke", "Revoke all tokens of a customer.", Given.OPERATORS),
            new Permission(OWNER, "Examine the installation, and see why a command failed.", Given.OPERATORS),
            new Permission(PREFIX + "dump", "Write how the last requests went into a file.", Given.OPERATORS),
            new Permission(PREFIX + "reload", "Read config.yml and messages.yml again.", Given.OPERATORS));
}
