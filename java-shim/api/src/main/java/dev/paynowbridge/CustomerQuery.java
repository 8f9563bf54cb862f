package dev.paynowbridge;

import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which customers, and in what order. Unchanging: each method returns another query. */
public final class CustomerQuery {
    private static final int UNSET = -1;
    private static final CustomerQuery ALL = new CustomerQuery(UNSET, null, null, UNSET, null, null);

    final int limit;
    final @Nullable String after;
    final @Nullable String before;
    final int ascending;
    final @Nullable String search;
    /** Never changed once it is here. */
    final String @Nullable [] customerIds;

    private CustomerQuery(
            int limit,
            @Nullable String after,
            @Nullable String before,
            int ascending,
            @Nullable String search,
            String @Nullable [] customerIds) {
        this.limit = limit;
        this.after = after;
        this.before = before;
        this.ascending = ascending;
        this.search = search;
        this.customerIds = customerIds;
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
        return new CustomerQuery(limit, after, before, ascending, search, customerIds);
    }

    /**
     * Only customers after this one.
     *
     * @param customerId the id of a customer, or null
     * @return another query
     */
    public CustomerQuery after(@Nullable String customerId) {
        return new CustomerQuery(limit, customerId, before, ascending, search, customerIds);
    }

    /**
     * Only customers before this one.
     *
     * @param customerId the id of a customer, or null
     * @return another query
     */
    public CustomerQuery before(@Nullable String customerId) {
        return new CustomerQuery(limit, after, customerId, ascending, search, customerIds);
    }

    /**
     * Oldest or newest first.
     *
     * @param ascending whether the oldest comes first
     * @return another query
     */
    public CustomerQuery ascending(boolean ascending) {
        return new CustomerQuery(limit, after, before, ascending ? 1 : 0, search, customerIds);
    }

    /**
     * Only those that match.
     *
     * @param text what to search for, or null
     * @return another query
     */
    public CustomerQuery search(@Nullable String text) {
        return new CustomerQuery(limit, after, before, ascending, text, customerIds);
    }

    /**
     * Only the customers with these ids. Those that do not exist are left out of the answer. Without a limit as many are
     * asked for as there are ids.
     *
     * @param customerIds 1 to 100 ids, which are copied, or null for any
     * @return another query
     * @throws NullPointerException when one of the ids is null. An empty list, more than 100, and text that is not an id are refused
     *     by the operation
     */
    public CustomerQuery customerIds(@Nullable Collection<String> customerIds) {
        String @Nullable [] ids = customerIds == null ? null : List.copyOf(customerIds).toArray(String[]::new);
        return new CustomerQuery(limit, after, before, ascending, search, ids);
    }
}
