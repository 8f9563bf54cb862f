package dev.paynowbridge.bukkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.paynowbridge.sandbox.Sandbox;
import java.util.List;
import org.bukkit.plugin.java.JavaPlugin;
import org.junit.jupiter.api.Test;

/** What the doctor finds. */
class DoctorTest extends OnServer {
    private static final String LAST = "own plugin";

    private String examine() {
        String found = answer(server.console, "paynowbridge doctor", LAST);
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
        assertTrue(found.contains("PayNow does not accept the API key. Create a new one"), found);
        assertTrue(found.contains("The clock is right."), found);
        assertFalse(found.contains("A call takes"), found);
        assertFalse(server.log().contains("pnapi_wrong"), "the log holds the key");
    }

    @Test
    void theApiCannotBeReached() {
        reload("api-base: http://127.0.0.1:1\n");
        String found = examine();
        assertTrue(found.contains("PayNow cannot be reached. Check api-base"), found);
        assertTrue(found.contains("The clock could not be checked"), found);
    }

    @Test
    void theApiHangs() {
        sandbox.hang();
        reload("timeouts:\n  deadline-ms: 200\n");
        server.dispatch(server.console, "paynowbridge doctor");
        answer(server.console, "paynowbridge doctor", "An examination is already under way.");
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
        assertTrue(examine().contains("The clock could not be checked: the answer has no date."), server.console.heard());
    }

    @Test
    void nothingIsSetUp() {
        server.disable(plugin);
        configure("api-key:\n  value: ''\n");
        plugin = new PayNowBridgePlugin(NO_ENVIRONMENT);
        server.enable(plugin);
        assertTrue(server.log().contains("WARNING PayNow is not set up: there is no API key"), server.log());
        answer(server.console, "paynowbridge doctor", "Not set up: there is no API key. Set the environment variable PAYNOW_API_KEY, or set api-key.file");
        answer(server.console, "paynowbridge lookup Notch", "PayNow is not set up: there is no API key");
        answer(server.console, "paynowbridge status", "PayNow is not set up");
        answer(server.console, "paynowbridge giftcard a b", "PayNow is not set up");
        answer(notch(), "paynowbridge giftcard a", "The store cannot be reached just now.");
        assertEquals(1, server.services(), "it says why it does not work");
        reload("");
        examine();
        assertEquals(1, server.services());
    }

    @Test
    void aDeadlineThatIsTooShortIsSeen() {
        reload("timeouts:\n  deadline-ms: 2\n  connect-ms: 5\n");
        String found = examine();
        assertTrue(found.contains("timeouts.deadline-ms in config.yml is 2, which is too short"), found);
        assertTrue(found.contains("timeouts.connect-ms in config.yml is 5, which is too short"), found);
        reload("timeouts:\n  deadline-ms: 900\n");
        assertTrue(examine().contains("timeouts.deadline-ms in config.yml is 900, which is too short"), "the next slow day");
    }

    @Test
    void aFileThatDiffersFromWhatIsInUseIsSeen() {
        assertFalse(examine().contains("was changed since"), server.console.heard());
        configure("warm-up: false\n");
        assertTrue(examine().contains("config.yml was changed since it was read. Run"), server.console.heard());
        configure("warm-up: perhaps\n");
        String found = examine();
        assertTrue(found.contains("cannot be used: config.yml, line ") && found.contains("warm-up must be true or false"), found);
        configure("");
        assertFalse(examine().contains("was changed since"), server.console.heard());
    }

    @Test
    void whatCannotBeUsedLeavesNothingBehind() {
        reload("api-base: 'https://[1]'\n");
        assertTrue(server.console.heard().contains("api-base must be an address"), server.console.heard());
        configure("api-base: 'https://[1]'\n");
        for (int i = 0; i < 2; i++) {
            assertTrue(examine().contains("api-base must be an address"), server.console.heard());
        }
    }

    @Test
    void payNowsOwnPluginIsSeen() {
        assertTrue(examine().contains("PayNow's own plugin is not installed."), server.console.heard());
        server.enable(new official.OfficialPlugin());
        assertTrue(examine().contains("own plugin is installed (version 2.1): it delivers purchases"), server.console.heard());
    }

    @Test
    void aPluginThatCarriesTheApiIsNamed() {
        for (String depends : List.of("depend: [PayNowBridge]\n", "softdepend: [Other, PayNowBridge]\n")) {
            JavaPlugin plugin = new shading.ShadingPlugin(depends, true);
            server.enable(plugin);
            server.disable(plugin);
        }
        assertEquals(2, server.log().split("WARNING Shading depends on PayNowBridge but has a copy of its API", -1).length - 1, server.log());
    }

    @Test
    void whatHasNoCopyOrWantsNoServiceIsNot() {
        server.enable(new shading.ShadingPlugin("depend: [PayNowBridge]\n", false));
        server.enable(new shading.ShadingPlugin("", true));
        assertFalse(server.log().contains("copy of its API"), server.log());
    }

    @Test
    void version01InTheWayIsSeen() {
        server.enable(new dev.paynowbridge.paper.PayNowPlugin());
        assertTrue(examine().contains("Version 0.1 of this plugin is still installed."), server.console.heard());
    }
}
