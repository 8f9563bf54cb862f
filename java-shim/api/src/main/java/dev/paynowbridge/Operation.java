package dev.paynowbridge;

/** What a request asked for. */
public enum Operation {
    /** {@link PayNowOperations#listCustomers(CustomerQuery)}. */
    LIST_CUSTOMERS,
    /** {@link PayNowOperations#createCustomer(CustomerFields)}. */
    CREATE_CUSTOMER,
    /** {@link PayNowOperations#getCustomer(String)}. */
    GET_CUSTOMER,
    /** {@link PayNowOperations#updateCustomer(String, CustomerFields)}. */
    UPDATE_CUSTOMER,
    /** {@link PayNowOperations#createCustomerToken(String)}. */
    CREATE_CUSTOMER_TOKEN,
    /** {@link PayNowOperations#invalidateCustomerTokens(String)}. */
    INVALIDATE_CUSTOMER_TOKENS,
    /** {@link PayNowOperations#lookupCustomer(LookupKey)} and {@link PayNowOperations#lookupPlayer(Player)}. */
    LOOKUP_CUSTOMER,
    /** {@link PayNowOperations#bulkCreateCustomers(java.util.List)}. */
    BULK_CREATE_CUSTOMERS,
    /** {@link PayNowOperations#authenticateCustomer(Authentication)}. */
    AUTHENTICATE_CUSTOMER,
    /** {@link PayNowOperations#getCurrentCustomer(CustomerToken)}. */
    GET_CURRENT_CUSTOMER,
    /** {@link PayNowOperations#lookupGiftcard(CustomerToken, String)}. */
    LOOKUP_GIFTCARD,
    /** {@link PayNowOperations#request(ApiRequest)}. */
    REQUEST,
    /** {@link PayNowOperations#ensureCustomer(Player)}. */
    ENSURE_CUSTOMER,
    /** {@link PayNowOperations#tokenFor(Player)}. */
    TOKEN_FOR
}
