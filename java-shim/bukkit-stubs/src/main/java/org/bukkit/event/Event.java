package org.bukkit.event;

/** Something that happens. */
public abstract class Event {}
