package dev.paynowbridge.paper;

import dev.paynowbridge.Customer;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.bukkit.command.CommandSender;

/** {@code /paynow lookup}: who somebody is in the store. Creates nobody. */
final class LookupCommand implements Subcommand {
    private final Connection connection;
    private final Targets targets;
    private final Replies replies;

    LookupCommand(Connection connection, Targets targets, Replies replies) {
        this.connection = connection;
        this.targets = targets;
        this.replies = replies;
    }

    @Override
    public String name() {
        return "lookup";
    }

    @Override
    public String usage() {
        return "lookup <player|uuid|xuid|name>";
    }

    @Override
    public boolean run(CommandSender sender, List<String> arguments) throws SetupException {
        if (arguments.isEmpty()) {
            return false;
        }
        Target target = targets.of(String.join(" ", arguments));
        replies.when(
                sender,
                connection.forSender(sender).lookupPlayer(target.player()),
                customer -> tell(sender, target, customer));
        return true;
    }

    private void tell(CommandSender sender, Target target, Optional<Customer> answer) {
        if (answer.isEmpty()) {
            replies.say(sender, "lookup.none", "who", target.shown());
        } else {
            Customer customer = answer.get();
            replies.say(sender, "lookup.found", "who", target.shown(), "id", customer.id());
            customer.name().ifPresent(name -> replies.say(sender, "lookup.name", "name", name));
            customer.minecraftUuid().ifPresent(uuid -> replies.say(sender, "lookup.minecraft", "uuid", uuid));
            customer.xboxXuid().ifPresent(xuid -> replies.say(sender, "lookup.xbox", "xuid", xuid));
            customer.steamId().ifPresent(steam -> replies.say(sender, "lookup.steam", "steam", steam));
        }
        target.kind().ifPresent(kind -> replies.say(sender, "lookup.kind-" + kind.name().toLowerCase(Locale.ROOT)));
    }

    @Override
    public List<String> complete(CommandSender sender, List<String> arguments) {
        return arguments.size() == 1 ? targets.complete(sender, arguments.get(0)) : List.of();
    }
}
