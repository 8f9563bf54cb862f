package dev.paynowbridge.common;

import dev.paynowbridge.PayNowOperations;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** {@code /paynowbridge revoke}: ends all tokens of a customer, after an account was stolen. */
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
    CompletionStage<Boolean> ask(PayNowOperations paynow, Target target) throws Refusal {
        return target.certain().lookUp(paynow).thenCompose(customer -> customer.isEmpty()
                ? CompletableFuture.completedFuture(false)
                : paynow.invalidateCustomerTokens(customer.get().id()).thenApply(nothing -> true));
    }

    @Override
    void tell(Sender receiver, Target target, Boolean isCustomer) {
        replies.say(receiver, isCustomer ? "revoke.done" : "lookup.none", "who", target.shown());
    }
}
