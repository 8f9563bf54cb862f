package org.geysermc.floodgate.api.player;

/** As in Floodgate, as far as the plugin uses it. */
public interface FloodgatePlayer {
    String getXuid();

    boolean isLinked();
}
