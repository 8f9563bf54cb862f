package org.bukkit.event.player;

import org.bukkit.entity.Player;

/** A player is on the server now. */
public class PlayerJoinEvent extends PlayerEvent {
    public PlayerJoinEvent(Player playerJoined, String joinMessage) {
        super(playerJoined);
    }
}
