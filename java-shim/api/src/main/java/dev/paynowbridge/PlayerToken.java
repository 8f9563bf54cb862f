package dev.paynowbridge;

/**
 * A customer, and a token of theirs.
 *
 * @param customer the customer
 * @param token the token
 */
public record PlayerToken(Customer customer, CustomerToken token) {}
