package dev.paynowbridge;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/**
 * A token that lets its bearer act as one customer in the storefront.
 *
 * <p>{@link #toString()} hides it. Hand a player the address made with it, never the token.
 */
public final class CustomerToken {
    private final String value;

    private CustomerToken(String value) {
        this.value = value;
    }

    /**
     * Wraps a token that was kept as text.
     *
     * @param value the token
     * @return the same, hidden
     * @throws IllegalArgumentException when it is null
     */
    public static CustomerToken of(String value) {
        if (value == null) {
            throw new IllegalArgumentException("customerToken is required");
        }
        return new CustomerToken(value);
    }

    static String valueOf(CustomerToken token) {
        return token == null ? null : token.value;
    }

    /**
     * The token itself.
     *
     * @return what must never be logged or shown
     */
    public String value() {
        return value;
    }

    /** Takes as long whether they differ early or late. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof CustomerToken token && MessageDigest.isEqual(bytes(), token.bytes());
    }

    private byte[] bytes() {
        return value.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public int hashCode() {
        return value.hashCode();
    }

    /** Shows nothing. */
    @Override
    public String toString() {
        return "CustomerToken(…)";
    }
}
