package dev.paynowbridge;

import java.util.List;

/**
 * What became of a bulk.
 *
 * @param outcomes what became of each customer, in the order they were given
 * @param chunks how each request ended, in order; when the bulk ended early the last one says why, and customers in none
 *     of them were not sent
 */
public record BulkReport(List<BulkOutcome> outcomes, List<BulkChunk> chunks) {
    /**
     * How many customers ended so.
     *
     * @param state how
     * @return their number
     */
    public int count(BulkOutcome.State state) {
        return count(outcomes, state);
    }

    static int count(List<BulkOutcome> outcomes, BulkOutcome.State state) {
        return (int) outcomes.stream().filter(outcome -> outcome.state() == state).count();
    }

    static String counts(List<BulkOutcome> outcomes) {
        return "created=" + count(outcomes, BulkOutcome.State.CREATED)
                + ", failed=" + count(outcomes, BulkOutcome.State.FAILED)
                + ", unknown=" + count(outcomes, BulkOutcome.State.UNKNOWN);
    }

    /** Leaves the customers out. */
    @Override
    public String toString() {
        return "BulkReport[" + counts(outcomes) + ", chunks=" + chunks.size() + "]";
    }
}
