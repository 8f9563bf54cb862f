package dev.paynowbridge.bukkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.paynowbridge.PayNowService;
import inmemory.MemoryPlayer;
import inmemory.MemoryServer;
import inmemory.RegionServer;
import org.junit.jupiter.api.Test;

/** On a server with regions everyone is spoken to on their own thread. The server reports any other. */
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
        player.permit("paynowbridge.lookup", true);
        answer(player, "paynowbridge lookup jeb_", "421621496020995823");
        answer(player, "paynowbridge giftcard GIFT-2500-ALEX", "This card holds");
        sandbox.respond("lookup_customer", "{\"status\":403,\"body\":\"{\\\"code\\\":\\\"forbidden\\\"}\"}");
        answer(player, "paynowbridge lookup MHF_Steve", "The store cannot be reached just now.");
        assertEquals("[]", server.violations.toString());
    }

    @Test
    void theConsoleIsSpokenToGlobally() {
        answer(server.console, "paynowbridge lookup jeb_", "421621496020995823");
        answer(server.console, "paynowbridge doctor", "The clock is right.");
    }

    @Test
    void aPlayerWhoLeftHearsNothing() {
        MemoryPlayer player = notch();
        player.permit("paynowbridge.lookup", true);
        sandbox.hang();
        server.dispatch(player, "paynowbridge lookup jeb_");
        server.quit(player);
        PayNowService client = server.load(PayNowService.class);
        server.until(() -> client.stats().orElseThrow().outstanding() == 0, "it is cancelled");
        assertEquals("", player.heard());
    }

    @Test
    void disablingIsQuiet() {
        MemoryPlayer player = notch();
        player.permit("paynowbridge.lookup", true);
        sandbox.hang();
        server.dispatch(player, "paynowbridge lookup jeb_");
        server.dispatch(server.console, "paynowbridge lookup jeb_");
        server.disable(plugin);
        server.tick();
        assertEquals("", player.heard());
        assertTrue(server.console.heard().isEmpty());
    }

    @Test
    void regionThreadsMustNotWaitEither() {
        MemoryPlayer player = notch();
        sandbox.hang();
        PayNowService service = server.load(PayNowService.class);
        String warning = ((RegionServer) server).inRegion(() -> {
            try {
                service.lookupCustomer(player.getUniqueId()).join();
                return "it waited";
            } catch (IllegalStateException e) {
                return e.getMessage();
            }
        });
        assertTrue(warning.contains("freeze"), warning);
    }
}
