package dev.paynowbridge;

/** Whether a request reached the server. */
public enum Sent {
    /** Surely not: sending it again repeats nothing. */
    NEVER,
    /** Perhaps: it was sent, or was being sent, and no answer came. */
    MAYBE,
    /** It was answered. */
    ANSWERED
}
