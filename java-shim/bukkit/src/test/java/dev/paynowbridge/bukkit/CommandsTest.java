package dev.paynowbridge.bukkit;

import inmemory.MemorySender;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.paynowbridge.sandbox.Sandbox;
import inmemory.MemoryPlayer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every command, what it says when all is well, and what when it is not. */
class CommandsTest extends OnServer {
    private static final UUID STRANGER = UUID.fromString("11111111-2222-4333-8444-555555555555");

    @Test
    void lookupUnderstandsPlayersUuidsXuidsAndNames() {
        notch();
        String here = answer(server.console, "paynowbridge lookup notch", "Known by the UUID of their Java account.");
        assertTrue(here.contains("Notch is customer " + NOTCH_ID), here);
        assertTrue(here.contains("Minecraft UUID: " + NOTCH), here);
        answer(server.console, "paynowbridge lookup 853c80ef-3c37-49fd-aa49-938b674adae6", "is customer 421621496020995823");
        answer(server.console, "paynowbridge lookup 853C80EF3C3749FDAA49938B674ADAE6", "is customer 421621496020995823");
        answer(server.console, "paynowbridge lookup 2535432196048835", "is customer 433322870177794185");
        assertTrue(server.console.heard().contains("Xbox XUID: 2535432196048835"));
        answer(server.console, "paynowbridge lookup jeb_", "jeb_ is customer 421621496020995823");
        answer(server.console, "paynowbridge lookup .Sir Dig A Lot", ".Sir Dig A Lot is customer 443822190362625093");
        answer(server.console, "paynowbridge lookup Stranger", "Stranger is not a customer of this store.");
        answer(server.console, "paynowbridge lookup " + STRANGER, STRANGER + " is not a customer");
        assertEquals(0, sandbox.asked("create_customer"));
    }

    @Test
    void whatStrangersChoseCannotColourOrBreakTheChat() {
        sandbox.respond("lookup_customer", "{\"status\":200,\"body\":\"{\\\"id\\\":\\\"1\\\",\\\"store_id\\\":\\\"2\\\","
                + "\\\"created_at\\\":\\\"2026-01-01T00:00:00Z\\\",\\\"metadata\\\":{},\\\"name\\\":\\\"\\\\u00a74evil\\\\nline {id}\\\"}\"}");
        answer(server.console, "paynowbridge lookup Evil", "Name: 4evil line {id}");
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
        String masked = tokenIn(answer(admin, "paynowbridge token Notch", "A token for Notch"));
        assertTrue(masked.matches("\\*{8}.{4}"), masked);
        admin.permit("paynowbridge.token.reveal", true);
        String whole = tokenIn(answer(admin, "paynowbridge token Notch", "A token for Notch"));
        assertTrue(whole.length() >= 16 && !whole.contains("*"), "it is whole");
        server.console.permit("paynowbridge.token.reveal", true);
        String console = tokenIn(answer(server.console, "paynowbridge token Notch", "A token for Notch"));
        assertTrue(console.matches("\\*{8}.{4}"), "a console is a log");
        assertFalse(server.log().contains(whole), "the log holds a token");
        assertFalse(server.log().contains(Sandbox.KEY), "the log holds the key");
    }

    @Test
    void aPlayerWhoIsHereBecomesACustomerAndOneWhoIsOnlyNamedDoesNot() {
        answer(server.console, "paynowbridge token Stranger", "Stranger is not a customer of this store.");
        assertEquals(0, sandbox.asked("create_customer"));
        answer(server.console, "paynowbridge token jeb_", "A token for jeb_: ********");
        join("Newcomer", STRANGER);
        answer(server.console, "paynowbridge token Newcomer", "A token for Newcomer: ********");
        assertEquals(1, sandbox.asked("create_customer"));
    }

    @Test
    void revokingMakesTokensWorthless() {
        MemoryPlayer admin = server.join("Admin", UUID.randomUUID(), true);
        admin.permit("paynowbridge.token.reveal", true);
        notch();
        String token = tokenIn(answer(admin, "paynowbridge token Notch", "A token for Notch"));
        answer(admin, "paynowbridge revoke Notch", "All tokens of Notch are revoked.");
        assertEquals(1, sandbox.asked("invalidate_customer_tokens"));
        var lookup = server.load(dev.paynowbridge.PayNowService.class)
                .getCurrentCustomer(dev.paynowbridge.CustomerToken.of(token));
        server.until(lookup::isDone, "an answer");
        assertTrue(lookup.isCompletedExceptionally());
        answer(admin, "paynowbridge revoke Stranger", "Stranger is not a customer of this store.");
    }

    @Test
    void giftCardsAreAskedForWithThePlayersOwnToken() {
        MemoryPlayer notch = notch();
        answer(notch, "paynowbridge giftcard GIFT-2500-ALEX", "This card holds 25.00 of 50.00.");
        assertTrue(sandbox.log().contains("\"authorization\":\"Customer\""), "with a customer's token");
        answer(notch, "paynowbridge giftcard SUMMER 24/\u00c4\u00d6", "This card holds 10.00 of 10.00.");
        answer(notch, "paynowbridge giftcard GIFT-1275-MIRA", "It can be spent until the end of 2030-12-31 (UTC).");
        answer(notch, "paynowbridge giftcard GIFT-OLD-2023", "It could be spent until the end of 2023-12-31 (UTC).");
        answer(notch, "paynowbridge giftcard NOT-A-CARD", "No such gift card.");
        answer(notch, "paynowbridge giftcard ..", "That is not valid.");
        answer(notch, "paynowbridge giftcard", "Usage: /paynowbridge giftcard <code>");
        assertFalse(server.log().contains("GIFT-"), "codes stay out of the log");
    }

    @Test
    void fromTheConsoleAPlayerHasToBeNamed() {
        answer(server.console, "paynowbridge giftcard GIFT-2500-ALEX", "Name a player too");
        assertEquals(0, sandbox.asked("lookup_giftcard"));
        answer(server.console, "paynowbridge giftcard GIFT-2500-ALEX jeb_", "This card holds 25.00 of 50.00.");
        answer(server.console, "paynowbridge giftcard SUMMER 24/\u00c4\u00d6 jeb_", "This card holds 10.00 of 10.00.");
        answer(server.console, "paynowbridge giftcard GIFT-2500-ALEX Stranger", "Stranger is not a customer of this store.");
    }

    @Test
    void guessingIsThrottledAndAReloadDoesNotHelp() {
        String limits = "gift-cards:\n  per-player: 2\n  all-players: 3\n  seconds: 3600\n";
        reload(limits);
        MemoryPlayer guesser = notch();
        answer(guesser, "paynowbridge giftcard WRONG-1", "No such gift card.");
        for (int i = 0; i < 5; i++) {
            answer(guesser, "paynowbridge giftcard GIFT-2500-ALEX", "This card holds");
        }
        answer(guesser, "paynowbridge giftcard WRONG-2", "No such gift card.");
        answer(guesser, "paynowbridge giftcard GIFT-2500-ALEX", "oo many wrong codes");
        reload(limits);
        answer(guesser, "paynowbridge giftcard GIFT-2500-ALEX", "oo many wrong codes");
        MemoryPlayer other = join("jeb_", UUID.fromString("853c80ef-3c37-49fd-aa49-938b674adae6"));
        answer(other, "paynowbridge giftcard WRONG-3", "No such gift card.");
        answer(other, "paynowbridge giftcard WRONG-4", "oo many wrong codes");
        assertEquals(8, sandbox.asked("lookup_giftcard"));
    }

    @Test
    void guessesAtTheSameTimeAreCountedToo() {
        reload("gift-cards:\n  per-player: 2\n");
        MemoryPlayer guesser = notch();
        sandbox.hang();
        server.dispatch(guesser, "paynowbridge giftcard WRONG-1");
        server.dispatch(guesser, "paynowbridge giftcard WRONG-2");
        answer(guesser, "paynowbridge giftcard WRONG-3", "oo many wrong codes");
        sandbox.faults("{}");
        server.until(() -> guesser.heard().split("o such gift card", -1).length == 3, "both answers");
    }

    @Test
    void aGuessThatWasNoneIsGivenBack() {
        reload("gift-cards:\n  per-player: 1\n");
        MemoryPlayer guesser = notch();
        sandbox.respond("lookup_giftcard", "{\"status\":403,\"body\":\"{\\\"code\\\":\\\"forbidden\\\"}\"}");
        for (int i = 0; i < 3; i++) {
            answer(guesser, "paynowbridge giftcard GIFT-2500-ALEX", "The store cannot be reached just now.");
        }
        sandbox.faults("{}");
        answer(guesser, "paynowbridge giftcard ..", "That is not valid.");
        answer(guesser, "paynowbridge giftcard GIFT-2500-ALEX", "This card holds");
    }

    @Test
    void howRequestsWentIsWrittenIntoAFile() throws IOException {
        answer(server.console, "paynowbridge lookup Notch", NOTCH_ID);
        String said = answer(server.console, "paynowbridge dump", "requests went into ");
        Path folder = server.folder("PayNowBridge");
        List<String> lines;
        try (Stream<Path> files = Files.list(folder)) {
            Path file = files.filter(path -> path.getFileName().toString().matches("dump-.*\\.jsonl")).findFirst().orElseThrow();
            assertTrue(said.contains(file.toString()), said);
            lines = Files.readAllLines(file);
        }
        assertTrue(lines.get(0).startsWith("{\"paynow_dump\":1,"), lines.get(0));
        assertTrue(lines.stream().anyMatch(line -> line.contains("\"operation\":\"lookup_customer\"")), lines.toString());
        assertFalse(lines.toString().contains(Sandbox.KEY) || lines.toString().contains("Notch"));
        reload("flight-recorder: false\n");
        answer(server.console, "paynowbridge dump", "the last 0 requests");
    }

    @Test
    void permissionsAreEnforced() {
        MemoryPlayer player = notch();
        server.until(() -> sandbox.asked("lookup_customer") == 1, "the warm-up");
        for (String command : List.of("status", "lookup a", "token a", "revoke a", "doctor", "dump", "reload")) {
            answer(player, "paynowbridge " + command, "You do not have permission to do that.");
        }
        player.permit("paynowbridge.giftcard", false);
        answer(player, "paynowbridge giftcard x", "You do not have permission to do that.");
        answer(player, "paynowbridge", "There is nothing here that you may use.");
        assertEquals(1, sandbox.asked("lookup_customer"));
        assertEquals(0, sandbox.asked("create_customer_token"));
        player.permit("paynowbridge.lookup", true);
        answer(player, "paynowbridge lookup Notch", NOTCH_ID);
    }

    @Test
    void theRestOfTheCommandLine() {
        assertEquals(8, answer(server.console, "paynowbridge", "/paynowbridge reload").split("\n").length);
        answer(server.console, "paynowbridge what", "There is no command /paynowbridge what.");
        for (String command : List.of("lookup", "token", "revoke", "giftcard")) {
            answer(server.console, "paynowbridge " + command, "Usage: /paynowbridge " + command);
        }
        answer(server.console, "paynowbridge LOOKUP Notch", NOTCH_ID);
        String status = answer(server.console, "paynowbridge status", "answers remembered");
        assertTrue(status.contains("Store " + Sandbox.STORE + " at " + sandbox.base() + ". API key from config.yml."), status);
        assertTrue(status.contains("requests: "), status);
    }

    @Test
    void tabCompletes() {
        MemoryPlayer player = notch();
        MemoryPlayer hidden = join("Nightwatch", UUID.randomUUID());
        hidden.vanished = true;
        assertEquals(
                List.of("status", "lookup", "token", "giftcard", "revoke", "doctor", "dump", "reload"),
                server.complete(server.console, "paynowbridge "));
        assertEquals(List.of("revoke", "reload"), server.complete(server.console, "paynowbridge RE"));
        assertEquals(List.of("giftcard"), server.complete(player, "paynowbridge "));
        for (String command : List.of("lookup", "token", "revoke", "giftcard code")) {
            assertEquals(List.of("Nightwatch", "Notch"), server.complete(server.console, "paynowbridge " + command + " n"));
        }
        assertEquals(List.of(), server.complete(server.console, "paynowbridge giftcard "));
        assertEquals(List.of(), server.complete(server.console, "paynowbridge status "));
        assertEquals(List.of(), server.complete(server.console, "paynowbridge lookup a n"));
        assertEquals(List.of(), server.complete(server.console, "paynowbridge what n"));
        assertEquals(List.of(), server.complete(player, "paynowbridge lookup n"));
        assertEquals(List.of(), server.complete(player, "paynowbridge giftcard code n"));
        player.permit("paynowbridge.lookup", true);
        assertEquals(List.of("Notch"), server.complete(player, "paynowbridge lookup n"), "the vanished stay so");
    }

    @Test
    void everyFailureIsExplained() {
        Map<String, String> failures = Map.of(
                "{\"status\":401,\"body\":\"{\\\"code\\\":\\\"unauthorized\\\"}\"}", "does not accept the API key",
                "{\"status\":403,\"body\":\"{\\\"code\\\":\\\"forbidden\\\"}\"}", "The API key does not have permission to do this.",
                "{\"status\":404,\"body\":\"<html>\"}", "The answer did not come from PayNow.",
                "{\"status\":409,\"body\":\"{\\\"message\\\":\\\"it clashes\\\"}\"}", "PayNow refused the request: it clashes",
                "{\"status\":422,\"body\":\"{\\\"message\\\":\\\"no\\\",\\\"trace_id\\\":\\\"t-77\\\"}\"}", "For PayNow support: t-77",
                "{\"status\":429,\"headers\":{\"retry-after\":\"60\"},\"body\":\"{}\"}", "Try again in 60 s.",
                "{\"status\":500,\"body\":\"{}\"}", "PayNow has an internal error",
                "{\"status\":200,\"body\":\"{\"}", "The answer did not come from PayNow.");
        failures.forEach((response, words) -> {
            reload("cache:\n  seconds: 0\n  unknown-seconds: 0\n  stale-seconds: 0\n");
            sandbox.respond("lookup_customer", response);
            answer(server.console, "paynowbridge lookup Notch", words);
        });
        sandbox.faults("{}");
        reload("");
        answer(server.console, "paynowbridge lookup 12345678-1234-3234-9234-123456789012", "This UUID was made from a name in offline mode.");
        reload("api-base: http://127.0.0.1:1\n");
        answer(server.console, "paynowbridge lookup Notch", "PayNow cannot be reached.");
        reload("api-base: https://paynow.invalid\n");
        answer(server.console, "paynowbridge lookup Notch", "The address of PayNow cannot be found.");
        reload("api-base: " + sandbox.base().replace("http:", "https:") + "\n");
        answer(server.console, "paynowbridge lookup Notch", "The connection to PayNow is not secure");
        sandbox.hang();
        reload("timeouts:\n  deadline-ms: 200\n");
        answer(server.console, "paynowbridge lookup Notch", "PayNow did not answer in time.");
        answer(server.console, "paynowbridge token Notch", "PayNow did not answer in time.");
        answer(server.console, "paynowbridge revoke Notch", "PayNow did not answer in time.");
        answer(server.console, "paynowbridge giftcard a Notch", "PayNow did not answer in time.");
        assertFalse(server.log().contains(Sandbox.KEY), "the log holds the key");
    }

    @Test
    void aTokenThatWasRevokedMeanwhileIsNotTheKeysFault() {
        sandbox.respond("lookup_giftcard", "{\"status\":401,\"body\":\"{\\\"code\\\":\\\"unauthorized\\\"}\"}");
        answer(notch(), "paynowbridge giftcard GIFT-2500-ALEX", "That did not work. Try again.");
    }

    @Test
    void theOwnersWordsAreUsed() {
        write("messages.yml", "prefix: ''\nlookup:\n  none: '&4{who}? {nonsense}'\n  found: ''\n");
        answer(server.console, "paynowbridge reload", "accepts the API key");
        answer(server.console, "paynowbridge lookup Stranger", "Stranger? {nonsense}");
        assertEquals("\u00a74Stranger? {nonsense}", server.console.raw());
        String found = answer(server.console, "paynowbridge lookup Notch", "Name: Notch");
        assertFalse(found.contains(NOTCH_ID), "what is empty is not said");
    }

    @Test
    void wordsAreChecked() {
        answer(server.console, "paynowbridge  lookup   Notch", "Notch is customer " + NOTCH_ID);
        for (String command : List.of("lookup @p", "token @a[limit=1]", "revoke @s", "giftcard GIFT-2500-ALEX @r")) {
            answer(server.console, "paynowbridge " + command, "Selectors such as @");
        }
        join(".Sir_Dig_A_Lot", new UUID(0, 2535411223344556L));
        answer(server.console, "paynowbridge giftcard GIFT-2500-ALEX .Sir Dig A Lot", "This card holds 25.00 of 50.00.");
        answer(server.console, "paynowbridge giftcard SUMMER 24/\u00c4\u00d6 .Sir Dig A Lot", "This card holds 10.00 of 10.00.");
        answer(server.console, "paynowbridge giftcard GIFT-2500-ALEX .Some Other One", "is not a customer");
        assertTrue(sandbox.log().contains("minecraft_bedrock_name=Some%20Other%20One")
                || sandbox.log().contains("minecraft_bedrock_name=Some+Other+One"), sandbox.log());
    }

    @Test
    void aCodeThatIsNotOneDoesNotCountAsAGuess() {
        reload("gift-cards:\n  per-player: 1\n");
        MemoryPlayer guesser = notch();
        answer(guesser, "paynowbridge giftcard \u00a0GIFT-2500-\u200bALEX", "This card holds");
        for (int i = 0; i < 3; i++) {
            answer(guesser, "paynowbridge giftcard ..", "That is not valid.");
        }
        answer(guesser, "paynowbridge giftcard GIFT-2500-ALEX", "This card holds");
        assertFalse(server.log().contains("fails in what it does"), server.log());
    }

    private void goesToTheLog(MemorySender sender) {
        sender.forget();
        server.dispatch(sender, "paynowbridge lookup Notch");
        assertEquals("[PayNow] The answer goes to the server log.", sender.heard());
        server.until(() -> server.log().contains("INFO [PayNow] Notch is customer " + NOTCH_ID), "it is in the log");
        assertEquals("[PayNow] The answer goes to the server log.", sender.heard(), "nothing comes later");
        answer(sender, "paynowbridge status", "requests");
        sender.forget();
        server.dispatch(sender, "paynowbridge doctor");
        server.until(() -> server.log().contains("INFO [PayNow] The clock is right."), "it is in the log");
        assertEquals("[PayNow] One moment, please.\n[PayNow] The answer goes to the server log.", sender.heard());
    }

    @Test
    void aRemoteConsoleIsToldWhereTheAnswerGoes() {
        goesToTheLog(server.new Rcon());
    }

    @Test
    void aCommandBlockIsToldWhereTheAnswerGoes() {
        goesToTheLog(server.new Block());
    }

    @Test
    void aRemoteConsoleHearsOfFailuresInTheLogToo() {
        sandbox.respond("lookup_customer", "{\"status\":401,\"body\":\"{\\\"message\\\":\\\"key expired\\\"}\"}");
        server.dispatch(server.new Rcon(), "paynowbridge lookup Notch");
        server.until(() -> server.log().contains("INFO [PayNow] PayNow says: key expired"), "it is in the log");
    }

    @Test
    void ownersHearTheReasonAndPlayersWhatItMeans() {
        sandbox.respond("*", "{\"status\":401,\"body\":\"{\\\"message\\\":\\\"key expired\\\",\\\"trace_id\\\":\\\"t-9\\\"}\"}");
        MemoryPlayer player = join("Olga", STRANGER);
        String heard = answer(player, "paynowbridge giftcard x", "The store cannot be reached just now.");
        assertFalse(heard.contains("dashboard") || heard.contains("t-9") || heard.contains("key"), heard);
        assertTrue(server.log().contains("A player's command failed: PayNow does not accept the API key."), server.log());
        MemoryPlayer admin = server.join("Admin", UUID.randomUUID(), true);
        String reason = answer(admin, "paynowbridge giftcard x", "t-9");
        assertTrue(reason.contains("PayNow says: key expired"), reason);
    }

    @Test
    void mintingWithoutThePermissionNamesIt() {
        sandbox.respond("create_customer_token", "{\"status\":403,\"body\":\"{\\\"message\\\":\\\"no\\\"}\"}");
        String heard = answer(server.console, "paynowbridge token Notch", "customer_update");
        assertTrue(heard.contains("PayNow says: no"), heard);
    }
}
