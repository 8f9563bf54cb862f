/** The plugin for BungeeCord and Waterfall. */
@NullMarked
package dev.paynowbridge.bungeecord;

import org.jspecify.annotations.NullMarked;
