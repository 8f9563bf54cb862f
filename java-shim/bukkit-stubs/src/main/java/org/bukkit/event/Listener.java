package org.bukkit.event;

/** Hears of events. */
public interface Listener {}
