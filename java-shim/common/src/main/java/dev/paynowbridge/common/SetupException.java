package dev.paynowbridge.common;

/** Why there is no client: in words for the owner of the server, without any secret. */
final class SetupException extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean library;

    SetupException(String message) {
        this(message, false);
    }

    SetupException(String message, boolean library) {
        super(message);
        this.library = library;
    }

    /** Whether it is the native library that does not load. */
    boolean isLibrary() {
        return library;
    }
}
