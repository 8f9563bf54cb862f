package org.bukkit.event.player;

import org.bukkit.entity.Player;
import org.bukkit.event.Event;

/** Something that happens to a player. */
public abstract class PlayerEvent extends Event {
    protected Player player;

    protected PlayerEvent(Player who) {
        player = who;
    }

    public final Player getPlayer() {
        return player;
    }
}
