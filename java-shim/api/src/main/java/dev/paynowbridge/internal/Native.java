package dev.paynowbridge.internal;

/**
 * What the library exports. Its symbols carry the name of this class, so it cannot be moved to another package.
 *
 * <p>Everything here returns a number that is not negative, or one of the constants. Only an argument that cannot be used
 * is an exception at once. The order of parameters, bits and array elements is described in {@code src/jni} of the
 * library. No part of what this module exports. What takes an array is called through {@link Checked}.
 */
public final class Native {
    public static final long VERSION = 6;

    public static final long INVALID_HANDLE = -2;
    public static final long QUEUE_FULL = -3;
    public static final long SHUTDOWN = -4;
    public static final long FORKED = -8;
    public static final long NO_API_KEY = -9;
    public static final long RESOURCES = -11;
    public static final long INTERNAL = -13;

    /** Between this and 0 lie the numbers of failures. An id of a request may be negative, but not there. */
    public static final long LEAST_FAILURE = -64;

    /** Stands for a setting that was not given. */
    public static final long UNSET = Long.MIN_VALUE;

    /** A peek found the answer that was seen. */
    public static final long SEEN = Long.MAX_VALUE;

    /** How many numbers {@link #stats} gives. */
    public static final int STATS = 34;

    /** How many customers of a bulk go into one request. */
    public static final int PIECE = 200;

    private Native() {}

    public static boolean failed(long result) {
        return result < 0 && result >= LEAST_FAILURE;
    }

    public static native long version();

    static native long create(String[] texts, long[] numbers);

    public static native long setApiKey(long client, String key);

    static native long next(long client, int timeoutMs, byte[] buffer);

    public static native long tick(long client);

    public static native long cancel(long client, long request);

    public static native long cancelAll(long client, long tag);

    static native long stats(long client, long[] numbers);

    static native long metrics(long client, byte[] buffer);

    static native long dump(long client, byte[] buffer);

    public static native long shutdown(long client);

    public static native long destroy(long client);

    static native long peekUuid(long client, long high, long low, long seen, byte[] buffer);

    static native long peekText(long client, int kind, String text, long seen, byte[] buffer);

    static native long peekPlayer(
            long client, String steamId, String xboxXuid, boolean hasUuid, long uuidHigh, long uuidLow, String name,
            long seen, byte[] buffer);

    static native long listCustomers(
            long client, int limit, String after, String before, int ascending, String search, String[] customerIds,
            int deadlineMs, boolean background, long tag, int ticket);

    static native long createCustomer(
            long client, int[] shape, String[] texts, int deadlineMs, boolean background, long tag, int ticket);

    public static native long getCustomer(
            long client, String customerId, int deadlineMs, boolean background, long tag, int ticket);

    static native long updateCustomer(
            long client, String customerId, int[] shape, String[] texts,
            int deadlineMs, boolean background, long tag, int ticket);

    public static native long createCustomerToken(
            long client, String customerId, int deadlineMs, boolean background, long tag, int ticket);

    public static native long invalidateCustomerTokens(
            long client, String customerId, int deadlineMs, boolean background, long tag, int ticket);

    public static native long lookupUuid(
            long client, long high, long low, int deadlineMs, boolean background, long tag, int ticket);

    public static native long lookupText(
            long client, int kind, String text, int deadlineMs, boolean background, long tag, int ticket);

    public static native long lookupPlayer(
            long client, String steamId, String xboxXuid, boolean hasUuid, long uuidHigh, long uuidLow, String name,
            int deadlineMs, boolean background, long tag, int ticket);

    public static native long ensureCustomer(
            long client, String steamId, String xboxXuid, boolean hasUuid, long uuidHigh, long uuidLow, String name,
            int deadlineMs, boolean background, long tag, int ticket);

    public static native long tokenFor(
            long client, String steamId, String xboxXuid, boolean hasUuid, long uuidHigh, long uuidLow, String name,
            int deadlineMs, boolean background, long tag, int ticket);

    static native long bulkCreateCustomers(
            long client, int[] shapes, String[] texts, int deadlineMs, boolean background, long tag, int ticket);

    static native long startBulk(
            long client, int[] shapes, String[] texts, int deadlineMs, boolean background, long tag, int ticket);

    public static native long goOnBulk(
            long client, long before, int deadlineMs, boolean background, long tag, int ticket);

    public static native long endBulk(long client, long before);

    public static native long nextPage(
            long client, int limit, int ascending, String search, String cursor,
            int deadlineMs, boolean background, long tag, int ticket);

    public static native long authenticateCustomer(
            long client, int platform, String id, String customerIp, String customerCountryCode,
            int deadlineMs, boolean background, long tag, int ticket);

    public static native long getCurrentCustomer(
            long client, String customerToken, int deadlineMs, boolean background, long tag, int ticket);

    public static native long lookupGiftcard(
            long client, String customerToken, String code, int deadlineMs, boolean background, long tag, int ticket);

    public static native long request(
            long client, String method, String path, int auth, String customerToken, String json,
            int deadlineMs, boolean background, long tag, int ticket);
}
