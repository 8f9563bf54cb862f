package dev.paynowbridge.common;

import java.util.UUID;

/**
 * A player who is on the server.
 *
 * @param id their UUID there
 * @param name their name there
 */
public record Visitor(UUID id, String name) {}
