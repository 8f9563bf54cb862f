package dev.paynowbridge;

import java.util.Optional;

/**
 * What became of one customer of a bulk.
 *
 * @param index its place in the list that was given
 * @param state whether it was created
 * @param customer the customer, when it is known to be created
 */
public record BulkOutcome(int index, State state, Optional<Customer> customer) {
    /** Whether a customer was created. */
    public enum State {
        /** It was: the answer holds a customer with its Steam id, UUID or XUID, or a name that occurs once. */
        CREATED,
        /** It surely was not. */
        FAILED,
        /** It may have been: the answer does not tell, or did not come. */
        UNKNOWN
    }

    static final int FAILED = -1;
    static final int UNKNOWN = -2;

    /** Reads what the library says: a place in the answer, or a negative number. */
    static BulkOutcome of(int index, int became, java.util.List<Customer> created) {
        if (became >= 0) {
            return new BulkOutcome(index, State.CREATED, Optional.of(created.get(became)));
        }
        return new BulkOutcome(index, became == UNKNOWN ? State.UNKNOWN : State.FAILED, Optional.empty());
    }

    static BulkOutcome unsent(int index) {
        return of(index, FAILED, java.util.List.of());
    }
}
