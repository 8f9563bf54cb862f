package dev.paynowbridge.common;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files are read strictly, and what is wrong is named with its line. */
class DocumentTest {
    private static final File FOLDER = new File(".");

    @TempDir
    Path folder;

    private static String refused(String text) {
        return assertThrows(SetupException.class, () -> Document.parse("a.yml", text)).getMessage();
    }

    private static void refuses(String text, String... words) {
        String message = refused(text);
        for (String word : words) {
            assertTrue(message.contains(word), message);
        }
    }

    @Test
    void whatIsNotYamlIsRefusedWithItsLineAndWhatToDo() {
        refuses("a: 1\nb:\n\tc: 2\n", "a.yml, line 3: this is not YAML", "Indent with spaces, not with tabs.");
        refuses("a: 1\nb: &8[x]\n", "a.yml, line 2: ", "single quotes");
        refuses("a: 1\nb: &cred\n", "a.yml, line 2: ", "begins with &", "single quotes");
        refuses("b: {who} is here\n", "a.yml, line ", "single quotes");
        refuses("b: %x\n", "a.yml, line 1: ", "single quotes");
        refuses("b: 'open\n", "a.yml, line ");
        refuses("a:\n  - 1\n", "a.yml, line 1: a must be one value, not a list.");
        refuses("a: 1\nb: 2\na: 3\n", "a.yml, line 3: a occurs twice, for the first time in line 1.");
        refuses("just words\n", "must hold names and values");
        refuses("a: *b\n", "a.yml");
        refuses("a: {".repeat(20) + "}".repeat(20), "nested too deeply");
        refuses("[".repeat(100_000), "a.yml");
    }

    @Test
    void valuesAreTextsAsTheyStandThere() throws SetupException {
        Document document = Document.parse("a.yml", "\uFEFFid: 0123\nyes: yes\nnothing:\nnone: ~\nbelow:\n  deep: 'a: b'\n");
        assertEquals("0123", document.text("id"));
        assertEquals("yes", document.text("yes"));
        assertEquals("", document.text("nothing"));
        assertEquals("", document.text("none"));
        assertEquals("a: b", document.text("below.deep"));
        assertNull(document.text("below"));
        assertTrue(document.hasSection("below"));
        assertFalse(Document.parse("a.yml", "# nothing\n").hasSection("below"));
    }

    @Test
    void whatIsUnknownIsNamedWithWhatWasMeant() throws SetupException {
        Map<String, String> unknown = Map.of(
                "store-id: 1\napi-bas: x\n", "line 2: api-bas is unknown; api-base is probably meant",
                "storeId: 1\n", "line 1: storeId is unknown; store-id is probably meant",
                "timeout:\n  deadline-ms: 1\n", "line 2: timeout.deadline-ms is unknown; timeouts.deadline-ms is probably meant",
                "deadline_ms: 1\n", "deadline_ms is unknown; timeouts.deadline-ms is probably meant",
                "api-key: pnapi_x\n", "api-key has no value of its own, but these: api-key.environment, api-key.file, api-key.value",
                "warm-up:\n  on: true\n", "warm-up.on is unknown",
                "something-else-entirely: 1\n", "is unknown. Remove the line.");
        for (Map.Entry<String, String> each : unknown.entrySet()) {
            String warning = Document.parse("config.yml", each.getKey()).unknownAmong(Document.delivered(OwnersFiles.CONFIG));
            assertTrue(warning.contains(each.getValue()), warning);
            assertFalse(warning.contains("pnapi_x"), "a value can be a key");
        }
        assertNull(Document.delivered(OwnersFiles.CONFIG).unknownAmong(Document.delivered(OwnersFiles.CONFIG)));
    }

    @Test
    void filesInOtherEncodingsAreRefused() throws IOException {
        Path file = Files.write(folder.resolve("messages.yml"), "a: '\u00fc'\n".getBytes(StandardCharsets.ISO_8859_1));
        String message = assertThrows(SetupException.class, () -> Document.read(file.toFile())).getMessage();
        assertEquals("messages.yml is not in UTF-8. Save it in that encoding.", message);
        assertThrows(SetupException.class, () -> Document.read(folder.resolve("absent.yml").toFile()));
    }

    private static Settings settings(String more) throws SetupException {
        String text = more.contains("store-id") ? more : "store-id: 1\n" + more;
        return Settings.read(Document.parse("config.yml", text), FOLDER, Map.of("PAYNOW_API_KEY", "pnapi_secret")::get);
    }

    @Test
    void settingsAreCheckedByTheNamesInTheFile() throws SetupException {
        Map<String, String> wrong = Map.of(
                "api-base: 'https://[1]'\n", "config.yml, line 2: api-base must be an address",
                "api-base: api.paynow.gg\n", "line 2: api-base must be an address",
                "api-base: ''\n", "api-base must be an address",
                "timeouts:\n  deadline-ms: soon\n", "line 3: timeouts.deadline-ms must be a whole number from 1",
                "warm-up: maybe\n", "warm-up must be true or false",
                "store-id: ''\n", "store-id is empty");
        for (Map.Entry<String, String> each : wrong.entrySet()) {
            String message = assertThrows(SetupException.class, () -> settings(each.getKey())).getMessage();
            assertTrue(message.contains(each.getValue()), message);
        }
        Settings settings = settings("");
        assertFalse(settings.toString().contains("pnapi_secret"), settings.toString());
        assertEquals(settings, settings("# the same\n"));
        assertEquals("api-key.file must be readable", settings.explained("apiKeyFile must be readable"));
        assertEquals(
                "the API key from the environment variable PAYNOW_API_KEY is empty", settings.explained("apiKey is empty"));
    }
}
