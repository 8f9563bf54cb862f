package dev.paynowbridge.common;

import dev.paynowbridge.Customer;
import dev.paynowbridge.PayNowOperations;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** {@code /paynow lookup}: who somebody is in the store. Creates nobody. */
final class LookupCommand extends TargetCommand<Optional<Customer>> {
    LookupCommand(Connection connection, Targets targets, Replies replies) {
        super(connection, targets, replies);
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
    CompletionStage<Optional<Customer>> ask(PayNowOperations paynow, Target target) {
        return paynow.lookupPlayer(target.player());
    }

    @Override
    void tell(Sender sender, Target target, Optional<Customer> answer) {
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
}
