package dev.paynowbridge.common;

import dev.paynowbridge.PayNowOperations;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** {@code /paynow revoke}: makes all tokens of a customer worthless, after a theft of an account. */
final class RevokeCommand extends TargetCommand<Boolean> {
    RevokeCommand(Connection connection, Targets targets, Replies replies) {
        super(connection, targets, replies);
    }

    @Override
    public String name() {
        return "revoke";
    }

    @Override
    public String usage() {
        return "revoke <player>";
    }

    /** False when there is no such customer. */
    @Override
    CompletionStage<Boolean> ask(PayNowOperations paynow, Target target) {
        return paynow.lookupPlayer(target.player()).thenCompose(customer -> customer.isEmpty()
                ? CompletableFuture.completedFuture(false)
                : paynow.invalidateCustomerTokens(customer.get().id()).thenApply(nothing -> true));
    }

    @Override
    void tell(Sender sender, Target target, Boolean isCustomer) {
        replies.say(sender, isCustomer ? "revoke.done" : "lookup.none", "who", target.shown());
    }
}
