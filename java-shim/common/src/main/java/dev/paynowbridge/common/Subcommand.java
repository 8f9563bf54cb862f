package dev.paynowbridge.common;

import java.util.List;

/** One word after {@code /paynowbridge}. Runs on the thread of the sender. */
interface Subcommand {
    String name();

    /** What follows {@code /paynowbridge}, for people. */
    String usage();

    /** False when it was not used as it is meant to be. */
    boolean run(Sender sender, List<String> arguments) throws SetupException, Refusal;

    /** What the last argument could become. */
    default List<String> complete(Sender sender, List<String> arguments) {
        return List.of();
    }

    default boolean isAllowed(Sender sender) {
        return sender.hasPermission(Permission.PREFIX + name());
    }
}
