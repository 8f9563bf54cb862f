package dev.paynowbridge;

import java.util.Optional;

/**
 * What the client remembers of a lookup.
 *
 * @param customer the customer; empty when it is remembered that there is no such customer
 */
public record Remembered(Optional<Customer> customer) {}
