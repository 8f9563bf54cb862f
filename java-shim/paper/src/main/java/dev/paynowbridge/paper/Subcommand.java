package dev.paynowbridge.paper;

import java.util.List;
import org.bukkit.command.CommandSender;

/** One word after {@code /paynow}. Runs on the thread of the sender. */
interface Subcommand {
    String name();

    /** What stands after {@code /paynow}, for people. */
    String usage();

    /** False when it was not used as it is meant to be. */
    boolean run(CommandSender sender, List<String> arguments) throws SetupException;

    /** What the last argument could become. */
    default List<String> complete(CommandSender sender, List<String> arguments) {
        return List.of();
    }

    default boolean isAllowed(CommandSender sender) {
        return sender.hasPermission("paynow." + name());
    }
}
