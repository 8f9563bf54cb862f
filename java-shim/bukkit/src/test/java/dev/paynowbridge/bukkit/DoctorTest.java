package dev.paynowbridge.bukkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.paynowbridge.sandbox.Sandbox;
import org.junit.jupiter.api.Test;

/** What the doctor finds. */
class DoctorTest extends OnServer {
    private static final String LAST = "clock";

    private String examine() {
        String found = answer(server.console, "paynow doctor", LAST);
        assertFalse(server.log().contains(Sandbox.KEY), "the log holds the key");
        return found;
    }

    @Test
    void allIsWell() {
        String found = examine();
        assertTrue(found.contains("The library is loaded"), found);
        assertTrue(found.contains("The API key works (from config.yml)."), found);
        assertTrue(found.matches("(?s).*A call takes \\d+ ms\\..*"), found);
        assertTrue(found.contains("The clock is right."), found);
    }

    @Test
    void theKeyIsWrong() {
        reload("api-key:\n  value: pnapi_wrong\n");
        String found = examine();
        assertTrue(found.contains("PayNow does not accept the API key. Make a new one"), found);
        assertTrue(found.contains("The clock is right."), found);
        assertFalse(found.contains("A call takes"), found);
        assertFalse(server.log().contains("pnapi_wrong"), "the log holds the key");
    }

    @Test
    void theApiCannotBeReached() {
        reload("api-base: http://127.0.0.1:1\n");
        String found = examine();
        assertTrue(found.contains("PayNow cannot be reached. Look at api-base"), found);
        assertTrue(found.contains("The clock could not be compared"), found);
    }

    @Test
    void theApiHangs() {
        sandbox.hang();
        reload("timeouts:\n  deadline-ms: 200\n");
        server.dispatch(server.console, "paynow doctor");
        answer(server.console, "paynow doctor", "The doctor is already at it.");
        server.until(() -> server.console.heard().contains(LAST), "the doctor gives up");
        assertTrue(server.console.heard().contains("PayNow did not answer in time."), server.console.heard());
        sandbox.faults("{}");
        examine();
    }

    @Test
    void theClockIsWrong() {
        sandbox.respond("other", "{\"status\":404,\"headers\":{\"date\":\"Mon, 01 Jan 2024 00:00:00 GMT\"},\"body\":\"{}\"}");
        assertTrue(examine().matches("(?s).*The clock of this machine is \\d{7,} s fast.*"), server.console.heard());
        sandbox.respond("other", "{\"status\":404,\"headers\":{\"date\":\"Tue, 01 Jan 2199 00:00:00 GMT\"},\"body\":\"{}\"}");
        assertTrue(examine().matches("(?s).*The clock of this machine is \\d{7,} s slow.*"), server.console.heard());
        sandbox.respond("other", "{\"status\":404,\"headers\":{\"date\":\"yesterday\"},\"body\":\"{}\"}");
        assertTrue(examine().contains("The clock could not be compared: the answer bears no date."), server.console.heard());
    }

    @Test
    void nothingIsSetUp() {
        server.disable(plugin);
        configure("api-key:\n  value: ''\n");
        plugin = new PayNowPlugin(NO_ENVIRONMENT);
        server.enable(plugin);
        assertTrue(server.log().contains("WARNING PayNow is not set up: there is no API key"), server.log());
        answer(server.console, "paynow doctor", "Not set up: there is no API key");
        answer(server.console, "paynow lookup Notch", "PayNow is not set up: there is no API key");
        answer(server.console, "paynow status", "PayNow is not set up");
        answer(server.console, "paynow giftcard a b", "PayNow is not set up");
        answer(notch(), "paynow giftcard a", "PayNow is not set up");
        assertEquals(0, server.services());
        reload("");
        examine();
        assertEquals(1, server.services());
    }
}
