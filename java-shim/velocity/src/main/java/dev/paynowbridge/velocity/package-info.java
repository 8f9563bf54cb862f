/** The plugin for Velocity. */
@NullMarked
package dev.paynowbridge.velocity;

import org.jspecify.annotations.NullMarked;
