package dev.paynowbridge.sandbox;

/** A player or console on a proxy or server in memory. */
public interface Receiver {
    /** What they were told, without colours. */
    String heard();
}
