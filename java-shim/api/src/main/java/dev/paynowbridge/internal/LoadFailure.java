package dev.paynowbridge.internal;

import java.util.List;

/** Why the library cannot be loaded, in words for a server's owner. */
public final class LoadFailure extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient List<String> tried;

    LoadFailure(String message, List<String> tried, Throwable cause) {
        super(message, cause);
        this.tried = List.copyOf(tried);
    }

    /**
     * What was tried.
     *
     * @return one sentence an attempt
     */
    public List<String> tried() {
        return tried;
    }
}
