package dev.paynowbridge.paper;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.bukkit.command.Command;
import org.bukkit.command.CommandExecutor;
import org.bukkit.command.CommandSender;
import org.bukkit.command.TabCompleter;

/** {@code /paynow}: finds the word after it, and asks whether the sender may. */
final class PayNowCommand implements CommandExecutor, TabCompleter {
    private final Replies replies;
    private final List<Subcommand> subcommands;

    PayNowCommand(Replies replies, List<Subcommand> subcommands) {
        this.replies = replies;
        this.subcommands = subcommands;
    }

    @Override
    public boolean onCommand(CommandSender sender, Command command, String label, String[] args) {
        if (args.length == 0) {
            help(sender);
            return true;
        }
        Optional<Subcommand> found = find(args[0]);
        if (found.isEmpty()) {
            replies.say(sender, "command.unknown", "name", args[0]);
        } else if (!found.get().isAllowed(sender)) {
            replies.say(sender, "command.refused");
        } else {
            run(found.get(), sender, rest(args));
        }
        return true;
    }

    private void run(Subcommand subcommand, CommandSender sender, List<String> arguments) {
        try {
            if (!subcommand.run(sender, arguments)) {
                replies.say(sender, "command.usage", "usage", subcommand.usage());
            }
        } catch (SetupException e) {
            replies.say(sender, "command.not-connected", "detail", e.getMessage());
        } catch (IllegalArgumentException e) {
            replies.explain(sender, e);
        }
    }

    private void help(CommandSender sender) {
        List<Subcommand> allowed = subcommands.stream().filter(subcommand -> subcommand.isAllowed(sender)).toList();
        allowed.forEach(subcommand -> replies.say(sender, "command.help", "usage", subcommand.usage()));
        if (allowed.isEmpty()) {
            replies.say(sender, "command.nothing");
        }
    }

    /** Never null: that would have the server propose everybody. */
    @Override
    public List<String> onTabComplete(CommandSender sender, Command command, String alias, String[] args) {
        if (args.length <= 1) {
            String begun = args.length == 0 ? "" : args[0].toLowerCase(Locale.ROOT);
            return new ArrayList<>(subcommands.stream()
                    .filter(subcommand -> subcommand.isAllowed(sender))
                    .map(Subcommand::name)
                    .filter(name -> name.startsWith(begun))
                    .toList());
        }
        return new ArrayList<>(find(args[0])
                .filter(subcommand -> subcommand.isAllowed(sender))
                .map(subcommand -> subcommand.complete(sender, rest(args)))
                .orElse(List.of()));
    }

    private Optional<Subcommand> find(String name) {
        return subcommands.stream().filter(subcommand -> subcommand.name().equalsIgnoreCase(name)).findFirst();
    }

    private static List<String> rest(String[] args) {
        return Arrays.asList(args).subList(1, args.length);
    }
}
