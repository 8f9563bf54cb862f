/**
 * The server plugin without a server: commands, messages, settings, doctor. A platform brings a {@link
 * dev.paynowbridge.common.Host} and senders, and tells {@link dev.paynowbridge.common.Bridge} of players.
 */
@NullMarked
package dev.paynowbridge.common;

import org.jspecify.annotations.NullMarked;
