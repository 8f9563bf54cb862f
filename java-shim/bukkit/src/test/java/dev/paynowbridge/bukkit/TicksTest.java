package dev.paynowbridge.bukkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.paynowbridge.PayNowClient;
import dev.paynowbridge.common.Bridge;
import dev.paynowbridge.internal.Native;
import dev.paynowbridge.sandbox.Crossings;
import inmemory.MemoryServer;
import inmemory.RegionServer;
import java.nio.file.Path;
import org.bukkit.plugin.java.JavaPlugin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The client hears of each of the server's ticks, once. Counted where the library is entered. */
class TicksTest extends OnServer {
    @TempDir
    Path folder;

    private static Path placeOf(Class<?> type) throws Exception {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    }

    private void ticks(Crossings crossings, int more, int expected) {
        for (int tick = 0; tick < more; tick++) {
            server.tick();
        }
        assertEquals(expected, crossings.counted().getOrDefault("tick", 0));
    }

    private void areCountedOn(MemoryServer fresh) throws Exception {
        server.close();
        server = fresh;
        try (Crossings crossings = new Crossings(
                Native.class, folder, placeOf(PayNowBridgePlugin.class), placeOf(Bridge.class), placeOf(PayNowClient.class))) {
            JavaPlugin counted = (JavaPlugin)
                    crossings.load(PayNowBridgePlugin.class.getName()).getConstructor().newInstance();
            configure("store-id: wrong\n");
            server.enable(counted);
            ticks(crossings, 2, 0);
            reload("");
            assertTrue(server.console.heard().contains("Reloaded"), server.console.heard());
            ticks(crossings, 3, 3);
            reload("");
            ticks(crossings, 2, 5);
            server.disable(counted);
            ticks(crossings, 2, 5);
        }
    }

    @Test
    void onAServerWithAMainThread() throws Exception {
        areCountedOn(new MemoryServer());
    }

    @Test
    void onAServerOnWhichEachRegionHasAThread() throws Exception {
        areCountedOn(new RegionServer());
    }
}
