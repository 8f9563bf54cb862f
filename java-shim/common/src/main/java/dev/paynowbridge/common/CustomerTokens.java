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
     * A player on the server becomes a customer if need be. One who is only named does not: a typing error would create one.
     * Nothing is minted for a name that can stand for several people.
     */
    static CompletableFuture<Optional<CustomerToken>> of(PayNowOperations paynow, Target target) throws Refusal {
        Identity identity = target.certain().identity().orElseThrow();
        if (target.present()) {
            return paynow.tokenFor(identity.player()).thenApply(PlayerToken::token).thenApply(Optional::of);
        }
        return target.lookUp(paynow).thenCompose(customer -> customer.isEmpty()
                ? CompletableFuture.completedFuture(Optional.empty())
                : paynow.createCustomerToken(customer.get().id()).thenApply(Optional::of));
    }
}
