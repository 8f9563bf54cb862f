package dev.paynowbridge.common;

import dev.paynowbridge.Player;
import java.util.Optional;

/**
 * Whom a command is about.
 *
 * @param shown as they are called in the answer
 * @param player for the library
 * @param kind what they are known by, if that is certain
 * @param present whether they are on the server
 */
record Target(String shown, Player player, Optional<Identities.Kind> kind, boolean present) {}
