package dev.paynowbridge.common;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** What is said, and what was typed. */
class MessagesTest {
    @Test
    void coloursOfBothKindsAreUnderstood() throws SetupException {
        Messages messages = new Messages("paynowbridge");
        messages.use(Document.parse("messages.yml", "prefix: ''\nlookup:\n  none: '&#Ff8800a&lb&zc &#12 {who}'\n"));
        assertEquals("§x§F§f§8§8§0§0a§lb&zc &#12 x", messages.of(new Line("lookup.none", "who", "x")));
        assertEquals("ab&zc &#12 x", Messages.uncoloured(messages.of(new Line("lookup.none", "who", "x"))));
    }

    @Test
    void whatStrangersChoseCannotColour() {
        assertTrue(!new Messages("paynowbridge").of(new Line("lookup.none", "who", "&#ff0000&4§4x")).contains("§4x"));
    }

    @Test
    void whatBelongsTogetherIsOneRecordOfTheLog() throws SetupException {
        Messages messages = new Messages("paynowbridge");
        List<Line> lines = List.of(new Line("error.connect"), new Line("error.api-says", "detail", "no"), new Line("error.trace", "trace", "t-1"));
        messages.use(Document.parse("messages.yml", "error:\n  connect: '&cNo answer. &7Try again.'\n  api-says: ''\n"));
        assertEquals("No answer. Try again. For PayNow support: t-1", messages.record(lines));
        messages.use(Document.parse("messages.yml", "error:\n  connect: ''\n  api-says: ''\n  trace: ''\n"));
        assertEquals("", messages.record(lines));
    }

    @Test
    void wordsAreTakenAsAPersonMeantThem() {
        assertEquals(List.of("lookup", "Notch"), Words.of(new String[] {"", "lookup", "", "Notch", ""}));
        assertEquals(
                List.of("giftcard", "GIFT-2500-ALEX"),
                Words.of(new String[] {"giftcard", "\u00a0GIFT-\u200b2500-ALEX\u3164\ufeff\u200d"}));
        assertEquals(List.of("SUMMER", "24"), Words.of(new String[] {"SUMMER\u00a024"}));
        assertEquals(List.of("Jos\u00e9\ud83c\udf81"), Words.of(new String[] {"Jos\u00e9\ud83c\udf81"}));
        assertEquals(List.of(), Words.of(new String[] {"\u200b", " "}));
    }

    @Test
    void theLanguageOfTheMachineChangesNothing() throws SetupException {
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.forLanguageTag("tr-TR"));
        try {
            String warning = Document.parse("config.yml", "STORE-ID: 1\n")
                    .unknownAmong(Document.delivered(OwnersFiles.CONFIG));
            assertTrue(warning.contains("store-id is probably meant"), warning);
        } finally {
            Locale.setDefault(before);
        }
    }
}
