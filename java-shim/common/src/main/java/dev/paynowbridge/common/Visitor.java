package dev.paynowbridge.common;

import java.util.UUID;

/**
 * A player who is on the server.
 *
 * @param id their UUID there
 * @param name their name there
 * @param unproven whether it is known that Mojang was not asked who they are. A server behind a proxy cannot know, and says false
 */
public record Visitor(UUID id, String name, boolean unproven) {
    /**
     * A player of whom no more is known than what the server calls them.
     *
     * @param id their UUID there
     * @param name their name there
     */
    public Visitor(UUID id, String name) {
        this(id, name, false);
    }
}
