package org.bukkit.event.player;

import org.bukkit.entity.Player;

/** A player leaves. */
public class PlayerQuitEvent extends PlayerEvent {
    public PlayerQuitEvent(Player who, String quitMessage) {
        super(who);
    }
}
