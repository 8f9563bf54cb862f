package dev.paynowbridge.bukkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.paynowbridge.PayNowClient;
import inmemory.MemoryPlayer;
import inmemory.MemoryServer;
import inmemory.RegionServer;
import org.junit.jupiter.api.Test;

/** On a server with regions everybody is spoken to on their own thread. The server complains of any other. */
class RegionsTest extends OnServer {
    @Override
    MemoryServer newServer() {
        return new RegionServer();
    }

    @Test
    void theSchedulingIsChosenByWhatTheServerCanDo() {
        assertInstanceOf(RegionScheduling.class, Scheduling.of(plugin));
    }

    @Test
    void answersComeInTheRegionOfThePlayer() {
        MemoryPlayer player = notch();
        player.permit("paynow.lookup", true);
        answer(player, "paynow lookup jeb_", "421621496020995823");
        answer(player, "paynow giftcard GIFT-2500-ALEX", "This card holds");
        sandbox.respond("lookup_customer", "{\"status\":403,\"body\":\"{}\"}");
        answer(player, "paynow lookup MHF_Steve", "may not do this");
        assertEquals("[]", server.violations.toString());
    }

    @Test
    void theConsoleIsSpokenToGlobally() {
        answer(server.console, "paynow lookup jeb_", "421621496020995823");
        answer(server.console, "paynow doctor", "The clock is right.");
    }

    @Test
    void aPlayerWhoLeftHearsNothing() {
        MemoryPlayer player = notch();
        player.permit("paynow.lookup", true);
        sandbox.hang();
        server.dispatch(player, "paynow lookup jeb_");
        server.quit(player);
        PayNowClient client = server.load(PayNowClient.class);
        server.until(() -> client.stats().outstanding() == 0, "it is cancelled");
        assertEquals("", player.heard());
    }

    @Test
    void disablingIsQuiet() {
        MemoryPlayer player = notch();
        player.permit("paynow.lookup", true);
        sandbox.hang();
        server.dispatch(player, "paynow lookup jeb_");
        server.dispatch(server.console, "paynow lookup jeb_");
        server.disable(plugin);
        server.tick();
        assertEquals("", player.heard());
        assertTrue(server.console.heard().isEmpty());
    }
}
