package dev.paynowbridge.paper;

import dev.paynowbridge.PayNowOperations;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.bukkit.command.CommandSender;

/** {@code /paynow revoke}: makes all tokens of a customer worthless, after a theft of an account. */
final class RevokeCommand implements Subcommand {
    private final Connection connection;
    private final Targets targets;
    private final Replies replies;

    RevokeCommand(Connection connection, Targets targets, Replies replies) {
        this.connection = connection;
        this.targets = targets;
        this.replies = replies;
    }

    @Override
    public String name() {
        return "revoke";
    }

    @Override
    public String usage() {
        return "revoke <player>";
    }

    @Override
    public boolean run(CommandSender sender, List<String> arguments) throws SetupException {
        if (arguments.isEmpty()) {
            return false;
        }
        Target target = targets.of(String.join(" ", arguments));
        replies.when(sender, revoke(connection.forSender(sender), target), isCustomer ->
                replies.say(sender, isCustomer ? "revoke.done" : "lookup.none", "who", target.shown()));
        return true;
    }

    /** False when there is no such customer. */
    private static CompletionStage<Boolean> revoke(PayNowOperations paynow, Target target) {
        return paynow.lookupPlayer(target.player()).thenCompose(customer -> customer.isEmpty()
                ? CompletableFuture.completedFuture(false)
                : paynow.invalidateCustomerTokens(customer.get().id()).thenApply(nothing -> true));
    }

    @Override
    public List<String> complete(CommandSender sender, List<String> arguments) {
        return arguments.size() == 1 ? targets.complete(sender, arguments.get(0)) : List.of();
    }
}
