package org.geysermc.floodgate.api;

import java.util.UUID;
import org.geysermc.floodgate.api.player.FloodgatePlayer;

/** As in Floodgate, as far as the plugin uses it. Not there until a test puts one in. */
public interface FloodgateApi {
    static FloodgateApi getInstance() {
        return Holder.instance;
    }

    String getPlayerPrefix();

    FloodgatePlayer getPlayer(UUID id);

    /** Where it is kept. */
    final class Holder {
        public static volatile FloodgateApi instance;

        private Holder() {}
    }
}
