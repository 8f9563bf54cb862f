package dev.paynowbridge;

/** How important a line of the log is. */
public enum LogLevel {
    /** Something is broken and will stay so until somebody acts. */
    ERROR,
    /** Something does not work at the moment. */
    WARN,
    /** Something changed. */
    INFO,
    /** How each single request went. */
    DEBUG
}
