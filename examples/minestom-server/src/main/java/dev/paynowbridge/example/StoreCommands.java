package dev.paynowbridge.example;

import dev.paynowbridge.Customer;
import dev.paynowbridge.CustomerToken;
import dev.paynowbridge.GiftCard;
import dev.paynowbridge.PayNowException;
import dev.paynowbridge.PayNowOperations;
import dev.paynowbridge.PlayerToken;
import dev.paynowbridge.Status;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Function;
import net.kyori.adventure.text.Component;
import net.minestom.server.command.builder.Command;
import net.minestom.server.command.builder.CommandContext;
import net.minestom.server.command.builder.CommandExecutor;
import net.minestom.server.command.builder.arguments.ArgumentStringArray;
import net.minestom.server.command.builder.arguments.ArgumentType;
import net.minestom.server.entity.Player;
import net.minestom.server.tag.Tag;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What players can do with the store. Commands run on the thread that ticks the player, and answers come on the server's
 * tick thread; neither waits.
 */
final class StoreCommands {
    private static final Logger LOGGER = LoggerFactory.getLogger(StoreCommands.class);
    /** Lives and ends with the player it is on, and is never written to disk. */
    private static final Tag<CustomerToken> TOKEN = Tag.Transient("paynow:token");

    private static final String AWAY = "The store does not answer at the moment. Please try again later.";
    private static final int GIFT_CARDS_A_MINUTE = 5;
    private static final int SHORTEST_SHOWN = 16;

    private final PayNowOperations paynow;
    private final Allowance giftCards = new Allowance(GIFT_CARDS_A_MINUTE);

    StoreCommands(PayNowOperations paynow) {
        this.paynow = paynow;
    }

    /** Tells a player who comes in whether the store knows them. */
    void welcome(Player player) {
        answer(player, of(player).lookupPlayer(identity(player)), StoreCommands::greeting);
    }

    private static String greeting(Optional<Customer> customer) {
        return customer.map(known -> "Welcome back. The store knows you as customer " + known.id() + ".")
                .orElse("Welcome. The store does not know you yet; /store changes that.");
    }

    Command store() {
        Command command = new Command("store");
        command.setDefaultExecutor(forPlayers((player, nothing) -> answer(player, mint(player), minted ->
                "You are customer " + minted.customer().id() + ", with the token " + masked(minted.token()) + ".")));
        return command;
    }

    Command giftcard() {
        ArgumentStringArray code = ArgumentType.StringArray("code");
        Command command = new Command("giftcard");
        command.setDefaultExecutor((sender, context) -> sender.sendMessage(Component.text("Usage: /giftcard CODE")));
        command.addSyntax(
                forPlayers((player, context) -> giftcard(player, String.join(" ", context.get(code)))), code);
        return command;
    }

    private static CommandExecutor forPlayers(
            BiConsumer<Player, CommandContext> command) {
        return (sender, context) -> {
            if (sender instanceof Player player) {
                command.accept(player, context);
            } else {
                sender.sendMessage(Component.text("This is for players."));
            }
        };
    }

    private void giftcard(Player player, String code) {
        if (!giftCards.take(player.getUuid())) {
            tell(player, "Too many gift cards. Try again in a minute.");
            return;
        }
        CustomerToken held = player.getTag(TOKEN);
        CompletableFuture<Optional<GiftCard>> card = held == null
                ? mintAndLookUp(player, code)
                : of(player).lookupGiftcard(held, code).exceptionallyCompose(failure ->
                        // A token can be revoked at any time.
                        isUnauthorized(failure) ? mintAndLookUp(player, code) : CompletableFuture.failedFuture(failure));
        answer(player, card, StoreCommands::describe);
    }

    private CompletableFuture<Optional<GiftCard>> mintAndLookUp(Player player, String code) {
        return mint(player).thenCompose(minted -> of(player).lookupGiftcard(minted.token(), code));
    }

    private CompletableFuture<PlayerToken> mint(Player player) {
        return of(player).tokenFor(identity(player)).thenApply(minted -> {
            player.setTag(TOKEN, minted.token());
            return minted;
        });
    }

    /** The player's own requests, to be cancelled when they leave. */
    private PayNowOperations of(Player player) {
        return paynow.tag(player.getUuid());
    }

    /** The library finds out what kind of player this is: Java, offline mode or Floodgate. */
    private static dev.paynowbridge.Player identity(Player player) {
        return dev.paynowbridge.Player.of(player.getUuid(), player.getUsername());
    }

    private static String describe(Optional<GiftCard> found) {
        if (found.isEmpty()) {
            return "There is no such gift card.";
        }
        GiftCard card = found.get();
        if (card.expiresAt().filter(Instant.now()::isAfter).isPresent()) {
            return "This gift card has expired.";
        }
        return card.balance() <= 0
                ? "This gift card is used up."
                : "This gift card holds " + amount(card.balance()) + " of " + amount(card.startingBalance()) + ".";
    }

    private static String amount(long smallestUnits) {
        return BigDecimal.valueOf(smallestUnits, 2).toPlainString();
    }

    /** Enough of a token to tell it from another. */
    private static String masked(CustomerToken token) {
        String value = token.value();
        return value.length() < SHORTEST_SHOWN
                ? "…"
                : value.substring(0, 5) + "…" + value.substring(value.length() - 2);
    }

    private static <T> void answer(
            Player player, CompletableFuture<T> future, Function<T, String> words) {
        future.whenComplete((value, failure) -> {
            if (failure == null) {
                tell(player, words.apply(value));
            } else if (!PayNowException.isCancellation(failure)) {
                // A cancellation means that they left, or that the server stops: no one waits for words.
                tell(player, explain(failure));
            }
        });
    }

    private static void tell(Player player, String text) {
        // They may have left meanwhile.
        if (player.isOnline()) {
            player.sendMessage(Component.text(text));
        }
    }

    private static boolean isUnauthorized(Throwable failure) {
        return PayNowException.unwrap(failure) instanceof PayNowException refused && refused.status() == Status.UNAUTHORIZED;
    }

    private static String explain(Throwable failure) {
        return switch (PayNowException.unwrap(failure)) {
            case PayNowException.Timeout _, PayNowException.Unavailable _, PayNowException.Transport _ -> AWAY;
            case PayNowException.Api broken when broken.status() == Status.SERVER -> AWAY;
            case PayNowException.RateLimited _, PayNowException.QueueFull _ ->
                "The store is busy. Please try again in a minute.";
            case PayNowException.Closed _ -> "The server is stopping.";
            case IllegalArgumentException _ -> "That is not valid.";
            case PayNowException refused -> {
                LOGGER.warn("PayNow refused: {}", refused.getMessage());
                yield "The store refused that. Please tell the staff.";
            }
            case Throwable unexpected -> {
                LOGGER.error("A command failed", unexpected);
                yield "Something went wrong. Please tell the staff.";
            }
        };
    }
}
