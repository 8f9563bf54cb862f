/** The plugin for Spigot, Paper and Folia. */
@NullMarked
package dev.paynowbridge.bukkit;

import org.jspecify.annotations.NullMarked;
