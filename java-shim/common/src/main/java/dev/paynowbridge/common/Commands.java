package dev.paynowbridge.common;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** {@code /paynowbridge}: finds the word after it, and asks whether the sender may. */
public final class Commands {
    private final Replies replies;
    private final List<Subcommand> subcommands;

    Commands(Replies replies, List<Subcommand> subcommands) {
        this.replies = replies;
        this.subcommands = subcommands;
    }

    /**
     * Carries a command out. On the thread of the sender.
     *
     * @param sender who gave it
     * @param args what stood behind the command's name
     */
    public void run(Sender sender, String[] args) {
        List<String> words = Words.of(args);
        if (words.isEmpty()) {
            help(sender);
            return;
        }
        Optional<Subcommand> found = find(words.get(0));
        if (found.isEmpty()) {
            replies.say(sender, "command.unknown", "name", words.get(0));
        } else if (!found.get().isAllowed(sender)) {
            replies.say(sender, "command.refused");
        } else {
            run(found.get(), sender, words.subList(1, words.size()));
        }
    }

    private void run(Subcommand subcommand, Sender sender, List<String> arguments) {
        try {
            if (!subcommand.run(sender, arguments)) {
                replies.say(sender, "command.usage", "usage", subcommand.usage());
            }
        } catch (SetupException e) {
            replies.explain(sender, e);
        } catch (Refusal e) {
            replies.say(sender, e.line());
        } catch (RuntimeException | LinkageError e) {
            replies.explain(sender, e);
        }
    }

    private void help(Sender sender) {
        List<Subcommand> allowed = subcommands.stream().filter(subcommand -> subcommand.isAllowed(sender)).toList();
        allowed.forEach(subcommand -> replies.say(sender, "command.help", "usage", subcommand.usage()));
        if (allowed.isEmpty()) {
            replies.say(sender, "command.nothing");
        }
    }

    /**
     * Completes the last word.
     *
     * @param sender who types
     * @param args what follows the command's name so far
     * @return proposals; never null, which would have the server propose every player
     */
    public List<String> complete(Sender sender, String[] args) {
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
                .map(subcommand -> subcommand.complete(sender, Arrays.asList(args).subList(1, args.length)))
                .orElse(List.of()));
    }

    private Optional<Subcommand> find(String name) {
        return subcommands.stream().filter(subcommand -> subcommand.name().equalsIgnoreCase(name)).findFirst();
    }
}
