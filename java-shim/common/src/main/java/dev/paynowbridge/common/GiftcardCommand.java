package dev.paynowbridge.common;

import dev.paynowbridge.CustomerToken;
import dev.paynowbridge.GiftCard;
import dev.paynowbridge.PayNowOperations;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * {@code /paynowbridge giftcard}: what is left on a card, asked with the player's own token. A code can hold blanks. From the
 * console the last words name the player.
 */
final class GiftcardCommand implements Subcommand {
    private final Connection connection;
    private final Targets targets;
    private final Replies replies;
    private final Throttle throttle;

    GiftcardCommand(Connection connection, Targets targets, Replies replies, Throttle throttle) {
        this.connection = connection;
        this.targets = targets;
        this.replies = replies;
        this.throttle = throttle;
    }

    @Override
    public String name() {
        return "giftcard";
    }

    @Override
    public String usage() {
        return "giftcard <code>";
    }

    @Override
    public boolean run(Sender sender, List<String> arguments) throws SetupException, Refusal {
        if (arguments.isEmpty()) {
            return false;
        }
        if (sender.player().isPresent()) {
            askAsPlayer(sender, sender.player().get(), String.join(" ", arguments));
        } else if (arguments.size() == 1) {
            replies.say(sender, "giftcard.name-player");
        } else {
            int code = arguments.size() - targets.wordsOfPlayer(arguments.subList(1, arguments.size()));
            Target target = targets.of(String.join(" ", arguments.subList(code, arguments.size())));
            ask(sender, target, String.join(" ", arguments.subList(0, code)), found -> {});
        }
        return true;
    }

    private void askAsPlayer(Sender sender, Visitor player, String code) throws SetupException, Refusal {
        connection.required();
        Throttle.Guess guess = throttle.take(player.id());
        if (guess == null) {
            replies.say(sender, "giftcard.throttled");
            return;
        }
        boolean asked = false;
        try {
            ask(sender, targets.of(player), code, wrong -> {
                if (!wrong) {
                    throttle.giveBack(guess);
                }
            });
            asked = true;
        } finally {
            if (!asked) {
                throttle.giveBack(guess);
            }
        }
    }

    /** Hears whether the code was wrong. */
    private interface Verdict {
        void wrong(boolean wrong);
    }

    private void ask(Sender sender, Target target, String code, Verdict verdict)
            throws SetupException, Refusal {
        PayNowOperations paynow = connection.forSender(sender);
        CompletionStage<Optional<Answer>> answer = CustomerTokens.of(paynow, target)
                .thenCompose(token -> token.isEmpty()
                        ? CompletableFuture.completedFuture(Optional.empty())
                        : card(paynow, token.get(), code))
                .whenComplete((found, failure) ->
                        verdict.wrong(failure == null && found.isPresent() && found.get().card().isEmpty()));
        replies.when(sender, answer, (receiver, found) -> tell(receiver, target, found));
    }

    /** What the store knows of a code. */
    private record Answer(Optional<GiftCard> card) {}

    private static CompletionStage<Optional<Answer>> card(PayNowOperations paynow, CustomerToken token, String code) {
        try {
            return paynow.lookupGiftcard(token, code).thenApply(card -> Optional.of(new Answer(card)));
        } catch (IllegalArgumentException e) {
            // Not a code at all.
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Empty: the player who was named is not a customer. */
    private void tell(Sender sender, Target target, Optional<Answer> answer) {
        if (answer.isEmpty()) {
            replies.say(sender, "lookup.none", "who", target.shown());
        } else if (answer.get().card().isEmpty()) {
            replies.say(sender, "giftcard.none");
        } else {
            tell(sender, answer.get().card().get());
        }
    }

    private void tell(Sender sender, GiftCard card) {
        replies.say(
                sender, "giftcard.found", "balance", amount(card.balance()), "starting", amount(card.startingBalance()));
        card.expiresAt().ifPresent(end -> replies.say(
                sender,
                end.isBefore(Instant.now()) ? "giftcard.expired" : "giftcard.expires",
                "date", lastDay(end)));
    }

    /** On which it can be spent: a card that ends at midnight ends with the day before. */
    private static LocalDate lastDay(Instant end) {
        return end.minusNanos(1).atZone(ZoneOffset.UTC).toLocalDate();
    }

    private String amount(long smallest) {
        int decimals = connection.current().map(open -> open.settings().giftCards().decimals()).orElse(0);
        return BigDecimal.valueOf(smallest, decimals).toPlainString();
    }

    /** Codes are never proposed. */
    @Override
    public List<String> complete(Sender sender, List<String> arguments) {
        return sender.player().isPresent() || arguments.size() < 2
                ? List.of()
                : targets.complete(sender, arguments.get(arguments.size() - 1));
    }
}
