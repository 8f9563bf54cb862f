package dev.paynowbridge.common;

import dev.paynowbridge.CustomerToken;
import dev.paynowbridge.PayNowOperations;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** {@code /paynow token}: mints a token, and shows it masked. */
final class TokenCommand extends TargetCommand<Optional<CustomerToken>> {
    private static final String REVEAL = "paynow.token.reveal";
    private static final String MASK = "********";
    private static final int SHOWN = 4;
    /** Of a short one nothing is shown. */
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
    CompletionStage<Optional<CustomerToken>> ask(PayNowOperations paynow, Target target) {
        return CustomerTokens.of(paynow, target);
    }

    @Override
    void tell(Sender sender, Target target, Optional<CustomerToken> answer) {
        if (answer.isEmpty()) {
            replies.say(sender, "lookup.none", "who", target.shown());
        } else if (mayRead(sender)) {
            replies.say(sender, "token.revealed", "who", target.shown(), "token", answer.get().value());
        } else {
            replies.say(sender, "token.masked", "who", target.shown(), "token", masked(answer.get().value()));
        }
    }

    /** Players only: what a console shows is in the log. */
    private static boolean mayRead(Sender sender) {
        return sender.player().isPresent() && sender.hasPermission(REVEAL);
    }

    private static String masked(String token) {
        return token.length() < SHORT ? MASK : MASK + token.substring(token.length() - SHOWN);
    }
}
