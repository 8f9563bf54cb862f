package org.bukkit.plugin;

/** Whose service is preferred. */
public enum ServicePriority {
    Lowest,
    Low,
    Normal,
    High,
    Highest
}
