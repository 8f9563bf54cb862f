package dev.paynowbridge.common;

/**
 * Something to say.
 *
 * @param key which line of messages.yml
 * @param values names and values in turn
 */
record Line(String key, Object... values) {}
