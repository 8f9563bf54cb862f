package dev.paynowbridge.common;

import dev.paynowbridge.CustomerToken;
import dev.paynowbridge.PayNowOperations;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** {@code /paynowbridge token}: mints a token, and shows it masked. */
final class TokenCommand extends TargetCommand<Optional<CustomerToken>> {
    private static final String MASK = "********";
    private static final int SHOWN = 4;
    /** Nothing is shown of a short one. */
    private static final int SHORT = 16;

    TokenCommand(Connection connection, Targets targets, Replies replies) {
        super(connection, targets, replies);
    }

    @Override
    public String name() {
        return "token";
    }

    @Override
    public String usage() {
        return "token <player>";
    }

    @Override
    CompletionStage<Optional<CustomerToken>> ask(PayNowOperations paynow, Target target) throws Refusal {
        return CustomerTokens.of(paynow, target);
    }

    @Override
    void tell(Sender receiver, Target target, Optional<CustomerToken> answer) {
        if (answer.isEmpty()) {
            replies.say(receiver, "lookup.none", "who", target.shown());
        } else if (mayRead(receiver)) {
            replies.say(receiver, "token.revealed", "who", target.shown(), "token", answer.get().value());
        } else {
            replies.say(receiver, "token.masked", "who", target.shown(), "token", masked(answer.get().value()));
        }
    }

    /** Players only: what a console shows is in the log. */
    private static boolean mayRead(Sender sender) {
        return sender.player().isPresent() && sender.hasPermission(Permission.REVEAL);
    }

    private static String masked(String token) {
        return token.length() < SHORT ? MASK : MASK + token.substring(token.length() - SHOWN);
    }
}
