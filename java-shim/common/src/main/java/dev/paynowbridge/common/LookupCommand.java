package dev.paynowbridge.common;

import dev.paynowbridge.Customer;
import dev.paynowbridge.PayNowOperations;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** {@code /paynowbridge lookup}: a player's customer. Creates no customer. */
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
        return target.lookUp(paynow);
    }

    @Override
    void tell(Sender receiver, Target target, Optional<Customer> answer) {
        if (answer.isEmpty()) {
            replies.say(receiver, "lookup.none", "who", target.shown());
            if (target.cut()) {
                replies.say(receiver, "lookup.cut");
            }
        } else {
            Customer customer = answer.get();
            replies.say(receiver, "lookup.found", "who", target.shown(), "id", customer.id());
            customer.name().ifPresent(name -> replies.say(receiver, "lookup.name", "name", name));
            customer.minecraftUuid().ifPresent(uuid -> replies.say(receiver, "lookup.minecraft", "uuid", uuid));
            customer.xboxXuid().ifPresent(xuid -> replies.say(receiver, "lookup.xbox", "xuid", xuid));
            customer.steamId().ifPresent(steam -> replies.say(receiver, "lookup.steam", "steam", steam));
        }
        target.identity().filter(known -> known.kind() != Identity.Kind.NAME).ifPresent(known ->
                replies.say(receiver, "lookup.kind-" + known.kind().name().toLowerCase(Locale.ROOT)));
    }
}
