package dev.paynowbridge.bukkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.paynowbridge.sandbox.Sandbox;
import inmemory.MemoryPlayer;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Every command, what it says when all is well, and what when it is not. */
class CommandsTest extends OnServer {
    private static final UUID STRANGER = UUID.fromString("11111111-2222-4333-8444-555555555555");

    @Test
    void lookupUnderstandsPlayersUuidsXuidsAndNames() {
        notch();
        String here = answer(server.console, "paynow lookup notch", "Known by the UUID of their Java account.");
        assertTrue(here.contains("Notch is customer " + NOTCH_ID), here);
        assertTrue(here.contains("Minecraft UUID: " + NOTCH), here);
        answer(server.console, "paynow lookup 853c80ef-3c37-49fd-aa49-938b674adae6", "is customer 421621496020995823");
        answer(server.console, "paynow lookup 853C80EF3C3749FDAA49938B674ADAE6", "is customer 421621496020995823");
        answer(server.console, "paynow lookup 2535432196048835", "is customer 433322870177794185");
        assertTrue(server.console.heard().contains("Xbox XUID: 2535432196048835"));
        answer(server.console, "paynow lookup jeb_", "jeb_ is customer 421621496020995823");
        answer(server.console, "paynow lookup .Sir Dig A Lot", ".Sir Dig A Lot is customer 443822190362625093");
        answer(server.console, "paynow lookup Nobody", "Nobody is no customer of this store.");
        answer(server.console, "paynow lookup " + STRANGER, STRANGER + " is no customer");
        assertEquals(0, sandbox.asked("create_customer"));
    }

    @Test
    void whatStrangersChoseCannotColourOrBreakTheChat() {
        sandbox.respond("lookup_customer", "{\"status\":200,\"body\":\"{\\\"id\\\":\\\"1\\\",\\\"store_id\\\":\\\"2\\\","
                + "\\\"created_at\\\":\\\"2026-01-01T00:00:00Z\\\",\\\"metadata\\\":{},\\\"name\\\":\\\"\\\\u00a74evil\\\\nline {id}\\\"}\"}");
        answer(server.console, "paynow lookup Evil", "Name: 4evil line {id}");
        assertFalse(server.console.raw().contains("\u00a74evil"), server.console.raw());
    }

    private static final Pattern TOKEN = Pattern.compile("Notch: (\\S+)");

    private String tokenIn(String text) {
        Matcher found = TOKEN.matcher(text);
        assertTrue(found.find(), text);
        return found.group(1);
    }

    @Test
    void tokensAreMaskedUnlessThePermissionSaysOtherwise() {
        MemoryPlayer admin = server.join("Admin", UUID.randomUUID(), true);
        notch();
        String masked = tokenIn(answer(admin, "paynow token Notch", "A token for Notch"));
        assertTrue(masked.matches("\\*{8}.{4}"), masked);
        admin.permit("paynow.token.reveal", true);
        String whole = tokenIn(answer(admin, "paynow token Notch", "A token for Notch"));
        assertTrue(whole.length() >= 16 && !whole.contains("*"), "it is whole");
        server.console.permit("paynow.token.reveal", true);
        String console = tokenIn(answer(server.console, "paynow token Notch", "A token for Notch"));
        assertTrue(console.matches("\\*{8}.{4}"), "a console is a log");
        assertFalse(server.log().contains(whole), "the log holds a token");
        assertFalse(server.log().contains(Sandbox.KEY), "the log holds the key");
    }

    @Test
    void aPlayerWhoIsHereBecomesACustomerAndOneWhoIsOnlyNamedDoesNot() {
        answer(server.console, "paynow token Nobody", "Nobody is no customer of this store.");
        assertEquals(0, sandbox.asked("create_customer"));
        answer(server.console, "paynow token jeb_", "A token for jeb_: ********");
        join("Newcomer", STRANGER);
        answer(server.console, "paynow token Newcomer", "A token for Newcomer: ********");
        assertEquals(1, sandbox.asked("create_customer"));
    }

    @Test
    void revokingMakesTokensWorthless() {
        MemoryPlayer admin = server.join("Admin", UUID.randomUUID(), true);
        admin.permit("paynow.token.reveal", true);
        notch();
        String token = tokenIn(answer(admin, "paynow token Notch", "A token for Notch"));
        answer(admin, "paynow revoke Notch", "All tokens of Notch are worthless now.");
        assertEquals(1, sandbox.asked("invalidate_customer_tokens"));
        var lookup = server.load(dev.paynowbridge.PayNowClient.class)
                .getCurrentCustomer(dev.paynowbridge.CustomerToken.of(token));
        server.until(lookup::isDone, "an answer");
        assertTrue(lookup.isCompletedExceptionally());
        answer(admin, "paynow revoke Nobody", "Nobody is no customer of this store.");
    }

    @Test
    void giftCardsAreAskedForWithThePlayersOwnToken() {
        MemoryPlayer notch = notch();
        answer(notch, "paynow giftcard GIFT-2500-ALEX", "This card holds 25.00 of 50.00.");
        assertTrue(sandbox.log().contains("\"authorization\":\"Customer\""), "with a customer's token");
        answer(notch, "paynow giftcard SUMMER 24/\u00c4\u00d6", "This card holds 10.00 of 10.00.");
        answer(notch, "paynow giftcard GIFT-1275-MIRA", "It can be spent until 2031-01-01.");
        answer(notch, "paynow giftcard GIFT-OLD-2023", "It could be spent until 2023-12-31.");
        answer(notch, "paynow giftcard NOT-A-CARD", "There is no such card.");
        answer(notch, "paynow giftcard ..", "That cannot be used: code ");
        answer(notch, "paynow giftcard", "Like this: /paynow giftcard <code>");
        assertFalse(server.log().contains("GIFT-"), "codes stay out of the log");
    }

    @Test
    void fromTheConsoleAPlayerHasToBeNamed() {
        answer(server.console, "paynow giftcard GIFT-2500-ALEX", "From here you have to name a player");
        assertEquals(0, sandbox.asked("lookup_giftcard"));
        answer(server.console, "paynow giftcard GIFT-2500-ALEX jeb_", "This card holds 25.00 of 50.00.");
        answer(server.console, "paynow giftcard SUMMER 24/\u00c4\u00d6 jeb_", "This card holds 10.00 of 10.00.");
        answer(server.console, "paynow giftcard GIFT-2500-ALEX Nobody", "Nobody is no customer of this store.");
    }

    @Test
    void guessingIsThrottledAndAReloadDoesNotHelp() {
        String limits = "gift-cards:\n  per-player: 2\n  all-players: 3\n  seconds: 3600\n";
        reload(limits);
        MemoryPlayer guesser = notch();
        answer(guesser, "paynow giftcard WRONG-1", "There is no such card.");
        for (int i = 0; i < 5; i++) {
            answer(guesser, "paynow giftcard GIFT-2500-ALEX", "This card holds");
        }
        answer(guesser, "paynow giftcard WRONG-2", "There is no such card.");
        answer(guesser, "paynow giftcard GIFT-2500-ALEX", "too many wrong codes");
        reload(limits);
        answer(guesser, "paynow giftcard GIFT-2500-ALEX", "too many wrong codes");
        MemoryPlayer other = join("jeb_", UUID.fromString("853c80ef-3c37-49fd-aa49-938b674adae6"));
        answer(other, "paynow giftcard WRONG-3", "There is no such card.");
        answer(other, "paynow giftcard WRONG-4", "too many wrong codes");
        assertEquals(8, sandbox.asked("lookup_giftcard"));
    }

    @Test
    void guessesAtTheSameTimeAreCountedToo() {
        reload("gift-cards:\n  per-player: 2\n");
        MemoryPlayer guesser = notch();
        sandbox.hang();
        server.dispatch(guesser, "paynow giftcard WRONG-1");
        server.dispatch(guesser, "paynow giftcard WRONG-2");
        answer(guesser, "paynow giftcard WRONG-3", "too many wrong codes");
        sandbox.faults("{}");
        server.until(() -> guesser.heard().split("no such card", -1).length == 3, "both answers");
    }

    @Test
    void aGuessThatWasNoneIsGivenBack() {
        reload("gift-cards:\n  per-player: 1\n");
        MemoryPlayer guesser = notch();
        sandbox.respond("lookup_giftcard", "{\"status\":403,\"body\":\"{}\"}");
        for (int i = 0; i < 3; i++) {
            answer(guesser, "paynow giftcard GIFT-2500-ALEX", "may not do this");
        }
        sandbox.faults("{}");
        answer(guesser, "paynow giftcard ..", "That cannot be used");
        answer(guesser, "paynow giftcard GIFT-2500-ALEX", "This card holds");
    }

    @Test
    void nobodyMayWhatTheyMayNot() {
        MemoryPlayer player = notch();
        server.until(() -> sandbox.asked("lookup_customer") == 1, "the warm-up");
        for (String command : List.of("status", "lookup a", "token a", "revoke a", "doctor", "reload")) {
            answer(player, "paynow " + command, "You may not do that.");
        }
        player.permit("paynow.giftcard", false);
        answer(player, "paynow giftcard x", "You may not do that.");
        answer(player, "paynow", "There is nothing here you may do.");
        assertEquals(1, sandbox.asked("lookup_customer"));
        assertEquals(0, sandbox.asked("create_customer_token") + sandbox.asked("list_customers"));
        player.permit("paynow.lookup", true);
        answer(player, "paynow lookup Notch", NOTCH_ID);
    }

    @Test
    void theRestOfTheCommandLine() {
        assertEquals(7, answer(server.console, "paynow", "/paynow reload").split("\n").length);
        answer(server.console, "paynow what", "There is no /paynow what.");
        for (String command : List.of("lookup", "token", "revoke", "giftcard")) {
            answer(server.console, "paynow " + command, "Like this: /paynow " + command);
        }
        answer(server.console, "paynow LOOKUP Notch", NOTCH_ID);
        String status = answer(server.console, "paynow status", "answers remembered");
        assertTrue(status.contains("Ready for store " + Sandbox.STORE + ", " + sandbox.base() + ". API key from config.yml."), status);
        assertTrue(status.contains("1 requests: 1 answered, 0 failed"), status);
    }

    @Test
    void tabCompletes() {
        MemoryPlayer player = notch();
        MemoryPlayer hidden = join("Nightwatch", UUID.randomUUID());
        hidden.vanished = true;
        assertEquals(
                List.of("status", "lookup", "token", "giftcard", "revoke", "doctor", "reload"),
                server.complete(server.console, "paynow "));
        assertEquals(List.of("revoke", "reload"), server.complete(server.console, "paynow RE"));
        assertEquals(List.of("giftcard"), server.complete(player, "paynow "));
        for (String command : List.of("lookup", "token", "revoke", "giftcard code")) {
            assertEquals(List.of("Nightwatch", "Notch"), server.complete(server.console, "paynow " + command + " n"));
        }
        assertEquals(List.of(), server.complete(server.console, "paynow giftcard "));
        assertEquals(List.of(), server.complete(server.console, "paynow status "));
        assertEquals(List.of(), server.complete(server.console, "paynow lookup a n"));
        assertEquals(List.of(), server.complete(server.console, "paynow what n"));
        assertEquals(List.of(), server.complete(player, "paynow lookup n"));
        assertEquals(List.of(), server.complete(player, "paynow giftcard code n"));
        player.permit("paynow.lookup", true);
        assertEquals(List.of("Notch"), server.complete(player, "paynow lookup n"), "the vanished stay so");
    }

    @Test
    void everyFailureIsExplained() {
        Map<String, String> failures = Map.of(
                "{\"status\":401,\"body\":\"{}\"}", "does not accept the API key",
                "{\"status\":403,\"body\":\"{}\"}", "The API key may not do this.",
                "{\"status\":404,\"body\":\"<html>\"}", "That is no answer of PayNow.",
                "{\"status\":409,\"body\":\"{\\\"message\\\":\\\"it clashes\\\"}\"}", "PayNow refuses: it clashes",
                "{\"status\":422,\"body\":\"{\\\"message\\\":\\\"no\\\",\\\"trace_id\\\":\\\"t-77\\\"}\"}", "For PayNow's support: t-77",
                "{\"status\":429,\"headers\":{\"retry-after\":\"60\"},\"body\":\"{}\"}", "Try again in 60 s.",
                "{\"status\":500,\"body\":\"{}\"}", "PayNow has a fault of its own",
                "{\"status\":200,\"body\":\"{\"}", "That is no answer of PayNow.");
        failures.forEach((response, words) -> {
            reload("cache:\n  seconds: 0\n  unknown-seconds: 0\n  stale-seconds: 0\n");
            sandbox.respond("lookup_customer", response);
            answer(server.console, "paynow lookup Notch", words);
        });
        sandbox.faults("{}");
        reload("");
        answer(server.console, "paynow lookup 12345678-1234-3234-9234-123456789012", "That cannot be used: name is required");
        reload("api-base: http://127.0.0.1:1\n");
        answer(server.console, "paynow lookup Notch", "PayNow cannot be reached.");
        reload("api-base: https://paynow.invalid\n");
        answer(server.console, "paynow lookup Notch", "The address of PayNow cannot be found.");
        reload("api-base: " + sandbox.base().replace("http:", "https:") + "\n");
        answer(server.console, "paynow lookup Notch", "The connection to PayNow is not safe");
        sandbox.hang();
        reload("timeouts:\n  deadline-ms: 200\n");
        answer(server.console, "paynow lookup Notch", "PayNow did not answer in time.");
        answer(server.console, "paynow token Notch", "PayNow did not answer in time.");
        answer(server.console, "paynow revoke Notch", "PayNow did not answer in time.");
        answer(server.console, "paynow giftcard a Notch", "PayNow did not answer in time.");
        assertFalse(server.log().contains(Sandbox.KEY), "the log holds the key");
    }

    @Test
    void aTokenThatWasRevokedMeanwhileIsNotTheKeysFault() {
        sandbox.respond("lookup_giftcard", "{\"status\":401,\"body\":\"{}\"}");
        answer(notch(), "paynow giftcard GIFT-2500-ALEX", "does not accept the token any more");
    }

    @Test
    void theOwnersWordsAreUsed() {
        write("messages.yml", "prefix: ''\nlookup:\n  none: '&4{who}? {nonsense}'\n  found: ''\n");
        server.dispatch(server.console, "paynow reload");
        server.console.forget();
        answer(server.console, "paynow lookup Nobody", "Nobody? {nonsense}");
        assertEquals("\u00a74Nobody? {nonsense}", server.console.raw());
        String found = answer(server.console, "paynow lookup Notch", "Name: Notch");
        assertFalse(found.contains(NOTCH_ID), "what is empty is not said");
    }
}
