package dev.paynowbridge.common;

import dev.paynowbridge.Customer;
import dev.paynowbridge.LookupKey;
import dev.paynowbridge.PayNowOperations;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Whom a command is about.
 *
 * @param shown as they are called in the answer
 * @param identity who they surely are; empty when only a name is known that can stand for several
 * @param keys by what they may be known, the likeliest first
 * @param present whether they are on the server
 * @param cut whether the name may be cut, as Floodgate does with long ones
 */
record Target(String shown, Optional<Identity> identity, List<LookupKey> keys, boolean present, boolean cut) {
    static Target of(String shown, Identity identity, boolean present) {
        return new Target(shown, Optional.of(identity), List.of(identity.key()), present, false);
    }

    /** Tries one key after the other. */
    CompletableFuture<Optional<Customer>> lookUp(PayNowOperations paynow) {
        return lookUp(paynow, 0);
    }

    private CompletableFuture<Optional<Customer>> lookUp(PayNowOperations paynow, int at) {
        CompletableFuture<Optional<Customer>> answer = paynow.lookupCustomer(keys.get(at));
        return at + 1 == keys.size()
                ? answer
                : answer.thenCompose(found -> found.isPresent()
                        ? CompletableFuture.completedFuture(found)
                        : lookUp(paynow, at + 1));
    }

    /** For what must not happen to the wrong one. */
    Target certain() throws Refusal {
        if (identity.isEmpty()) {
            throw new Refusal("target.uncertain", "who", shown);
        }
        return this;
    }
}
