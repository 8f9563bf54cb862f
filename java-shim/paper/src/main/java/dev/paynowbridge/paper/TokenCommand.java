package dev.paynowbridge.paper;

import dev.paynowbridge.CustomerToken;
import java.util.List;
import java.util.Optional;
import org.bukkit.command.CommandSender;
import org.bukkit.entity.Player;

/** {@code /paynow token}: mints a token, and shows it masked. */
final class TokenCommand implements Subcommand {
    private static final String REVEAL = "paynow.token.reveal";
    private static final String MASK = "********";
    private static final int SHOWN = 4;
    /** Of a short one nothing is shown. */
    private static final int SHORT = 16;

    private final Connection connection;
    private final Targets targets;
    private final Replies replies;

    TokenCommand(Connection connection, Targets targets, Replies replies) {
        this.connection = connection;
        this.targets = targets;
        this.replies = replies;
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
    public boolean run(CommandSender sender, List<String> arguments) throws SetupException {
        if (arguments.isEmpty()) {
            return false;
        }
        Target target = targets.of(String.join(" ", arguments));
        replies.when(
                sender,
                CustomerTokens.of(connection.forSender(sender), target),
                token -> tell(sender, target, token));
        return true;
    }

    private void tell(CommandSender sender, Target target, Optional<CustomerToken> answer) {
        if (answer.isEmpty()) {
            replies.say(sender, "lookup.none", "who", target.shown());
        } else if (mayRead(sender)) {
            replies.say(sender, "token.revealed", "who", target.shown(), "token", answer.get().value());
        } else {
            replies.say(sender, "token.masked", "who", target.shown(), "token", masked(answer.get().value()));
        }
    }

    /** Players only: what a console shows is in the log. */
    private static boolean mayRead(CommandSender sender) {
        return sender instanceof Player && sender.hasPermission(REVEAL);
    }

    private static String masked(String token) {
        return token.length() < SHORT ? MASK : MASK + token.substring(token.length() - SHOWN);
    }

    @Override
    public List<String> complete(CommandSender sender, List<String> arguments) {
        return arguments.size() == 1 ? targets.complete(sender, arguments.get(0)) : List.of();
    }
}
