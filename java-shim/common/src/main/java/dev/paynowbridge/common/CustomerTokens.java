package dev.paynowbridge.common;

import dev.paynowbridge.CustomerToken;
import dev.paynowbridge.PayNowOperations;
import dev.paynowbridge.PlayerToken;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Mints tokens. */
final class CustomerTokens {
    private CustomerTokens() {}

    /**
     * Somebody who is here becomes a customer if need be. Somebody who is only named does not: a slip of the pen would
     * create one.
     */
    static CompletableFuture<Optional<CustomerToken>> of(PayNowOperations paynow, Target target) {
        if (target.present()) {
            return paynow.tokenFor(target.player()).thenApply(PlayerToken::token).thenApply(Optional::of);
        }
        return paynow.lookupPlayer(target.player()).thenCompose(customer -> customer.isEmpty()
                ? CompletableFuture.completedFuture(Optional.empty())
                : paynow.createCustomerToken(customer.get().id()).thenApply(Optional::of));
    }
}
