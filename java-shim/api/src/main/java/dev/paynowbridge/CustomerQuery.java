package dev.paynowbridge;

/** Which customers, and in what order. Unchanging: each method returns another query. */
public final class CustomerQuery {
    private static final int UNSET = -1;
    private static final CustomerQuery ALL = new CustomerQuery(UNSET, null, null, UNSET, null);

    final int limit;
    final String after;
    final String before;
    final int ascending;
    final String search;

    private CustomerQuery(int limit, String after, String before, int ascending, String search) {
        this.limit = limit;
        this.after = after;
        this.before = before;
        this.ascending = ascending;
        this.search = search;
    }

    /**
     * All customers, as many and in the order the API likes.
     *
     * @return the query
     */
    public static CustomerQuery all() {
        return ALL;
    }

    /**
     * At most this many.
     *
     * @param limit 1 to 100
     * @return another query
     * @throws IllegalArgumentException when it is negative; beyond that the operation refuses it
     */
    public CustomerQuery limit(int limit) {
        if (limit < 0) {
            throw new IllegalArgumentException("limit must be between 1 and 100");
        }
        return new CustomerQuery(limit, after, before, ascending, search);
    }

    /**
     * Only customers after this one.
     *
     * @param customerId the id of a customer, or null
     * @return another query
     */
    public CustomerQuery after(String customerId) {
        return new CustomerQuery(limit, customerId, before, ascending, search);
    }

    /**
     * Only customers before this one.
     *
     * @param customerId the id of a customer, or null
     * @return another query
     */
    public CustomerQuery before(String customerId) {
        return new CustomerQuery(limit, after, customerId, ascending, search);
    }

    /**
     * Oldest or newest first.
     *
     * @param ascending whether the oldest comes first
     * @return another query
     */
    public CustomerQuery ascending(boolean ascending) {
        return new CustomerQuery(limit, after, before, ascending ? 1 : 0, search);
    }

    /**
     * Only those that match.
     *
     * @param text what to search for, or null
     * @return another query
     */
    public CustomerQuery search(String text) {
        return new CustomerQuery(limit, after, before, ascending, text);
    }
}
