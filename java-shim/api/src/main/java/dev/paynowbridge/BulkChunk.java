package dev.paynowbridge;

import java.util.List;
import java.util.Optional;

/**
 * How one request of a bulk ended.
 *
 * @param first the place of its first customer in the list that was given
 * @param outcomes what became of each of its customers, in the order they were given
 * @param failure why the request failed, if it did: a {@link PayNowException}
 */
public record BulkChunk(int first, List<BulkOutcome> outcomes, Optional<RuntimeException> failure) {
    /**
     * How many of its customers ended so.
     *
     * @param state how
     * @return their number
     */
    public int count(BulkOutcome.State state) {
        return BulkReport.count(outcomes, state);
    }

    /** Leaves the customers out. */
    @Override
    public String toString() {
        return "BulkChunk[first=" + first + ", " + BulkReport.counts(outcomes) + "]";
    }
}
