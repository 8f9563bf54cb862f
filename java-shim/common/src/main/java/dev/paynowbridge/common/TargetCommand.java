package dev.paynowbridge.common;

import dev.paynowbridge.PayNowOperations;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** A command about one player, whom all its arguments name. */
abstract class TargetCommand<T> implements Subcommand {
    final Replies replies;
    private final Connection connection;
    private final Targets targets;

    TargetCommand(Connection connection, Targets targets, Replies replies) {
        this.connection = connection;
        this.targets = targets;
        this.replies = replies;
    }

    /** What is asked about the player. */
    abstract CompletionStage<T> ask(PayNowOperations paynow, Target target) throws Refusal;

    /** Says what was answered, on the thread of the receiver. */
    abstract void tell(Sender receiver, Target target, T answer);

    @Override
    public final boolean run(Sender sender, List<String> arguments) throws SetupException, Refusal {
        if (arguments.isEmpty()) {
            return false;
        }
        Target target = targets.of(String.join(" ", arguments));
        replies.when(sender, ask(connection.forSender(sender), target), (receiver, answer) -> tell(receiver, target, answer));
        return true;
    }

    @Override
    public final List<String> complete(Sender sender, List<String> arguments) {
        return arguments.size() == 1 ? targets.complete(sender, arguments.get(0)) : List.of();
    }
}
