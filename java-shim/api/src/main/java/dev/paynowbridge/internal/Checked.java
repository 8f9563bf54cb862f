package dev.paynowbridge.internal;

import java.util.Objects;

/**
 * The exports of {@link Native} that take arrays. The library cannot look into an array that is missing: the JVM would end
 * with it, so it is refused here.
 */
public final class Checked {
    private Checked() {}

    public static long create(String[] texts, long[] numbers) {
        Objects.requireNonNull(texts, "texts");
        Objects.requireNonNull(numbers, "numbers");
        return Native.create(texts, numbers);
    }

    public static long next(long client, int timeoutMs, byte[] buffer) {
        Objects.requireNonNull(buffer, "buffer");
        return Native.next(client, timeoutMs, buffer);
    }

    public static long stats(long client, long[] numbers) {
        Objects.requireNonNull(numbers, "numbers");
        return Native.stats(client, numbers);
    }

    public static long metrics(long client, byte[] buffer) {
        Objects.requireNonNull(buffer, "buffer");
        return Native.metrics(client, buffer);
    }

    public static long dump(long client, byte[] buffer) {
        Objects.requireNonNull(buffer, "buffer");
        return Native.dump(client, buffer);
    }

    public static long peekUuid(long client, long high, long low, long seen, byte[] buffer) {
        Objects.requireNonNull(buffer, "buffer");
        return Native.peekUuid(client, high, low, seen, buffer);
    }

    public static long peekText(long client, int kind, String text, long seen, byte[] buffer) {
        Objects.requireNonNull(buffer, "buffer");
        return Native.peekText(client, kind, text, seen, buffer);
    }

    public static long peekPlayer(
            long client, String steamId, String xboxXuid, boolean hasUuid, long uuidHigh, long uuidLow, String name,
            long seen, byte[] buffer) {
        Objects.requireNonNull(buffer, "buffer");
        return Native.peekPlayer(client, steamId, xboxXuid, hasUuid, uuidHigh, uuidLow, name, seen, buffer);
    }

    /** Of the ids alone it means something that they are missing: the library looks only whether they are. */
    public static long listCustomers(
            long client, int limit, String after, String before, int ascending, String search,
            String[] customerIds, int deadlineMs, boolean background, long tag, int ticket) {
        return Native.listCustomers(
                client, limit, after, before, ascending, search, customerIds, deadlineMs, background, tag, ticket);
    }

    public static long createCustomer(
            long client, int[] shape, String[] texts,
            int deadlineMs, boolean background, long tag, int ticket) {
        Objects.requireNonNull(shape, "shape");
        Objects.requireNonNull(texts, "texts");
        return Native.createCustomer(client, shape, texts, deadlineMs, background, tag, ticket);
    }

    public static long updateCustomer(
            long client, String customerId, int[] shape, String[] texts,
            int deadlineMs, boolean background, long tag, int ticket) {
        Objects.requireNonNull(shape, "shape");
        Objects.requireNonNull(texts, "texts");
        return Native.updateCustomer(client, customerId, shape, texts, deadlineMs, background, tag, ticket);
    }

    public static long bulkCreateCustomers(
            long client, int[] shapes, String[] texts,
            int deadlineMs, boolean background, long tag, int ticket) {
        Objects.requireNonNull(shapes, "shapes");
        Objects.requireNonNull(texts, "texts");
        return Native.bulkCreateCustomers(client, shapes, texts, deadlineMs, background, tag, ticket);
    }

    public static long startBulk(
            long client, int[] shapes, String[] texts,
            int deadlineMs, boolean background, long tag, int ticket) {
        Objects.requireNonNull(shapes, "shapes");
        Objects.requireNonNull(texts, "texts");
        return Native.startBulk(client, shapes, texts, deadlineMs, background, tag, ticket);
    }
}
