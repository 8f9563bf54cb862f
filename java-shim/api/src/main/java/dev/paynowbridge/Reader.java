package dev.paynowbridge;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the batches that come from the library; {@code src/jni/encode.rs} describes them. */
final class Reader {
    static final int COMPLETION = 1;
    static final int LOG_LINE = 2;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final Operation[] OPERATIONS = Operation.values();
    private static final Sent[] SENT = Sent.values();
    private static final Source[] SOURCES = Source.values();
    private static final MinecraftPlatform[] PLATFORMS = MinecraftPlatform.values();
    private static final LogLevel[] LEVELS = LogLevel.values();

    private final byte[] bytes;
    private final int end;
    private int at;
    private int next;
    private boolean sawToken;

    Reader(byte[] bytes, int end) {
        this.bytes = bytes;
        this.end = end;
    }

    /** Goes to the next record, wherever reading the one before has stopped; its kind, or -1 after the last. */
    int record() {
        if (next >= end) {
            return -1;
        }
        at = next;
        int length = integer();
        next = at + length;
        return octet();
    }

    LogLevel logLevel() {
        return LEVELS[octet() - 1];
    }

    int ticket() {
        return integer();
    }

    /** Reads a completion; the ticket was read already. */
    Completion completion() {
        Completion completion = new Completion();
        completion.operation = OPERATIONS[octet() - 1];
        completion.status = Status.of(octet());
        completion.sent = SENT[octet()];
        completion.source = SOURCES[octet()];
        completion.httpStatus = integer();
        completion.attempts = integer();
        long retryAfter = number();
        completion.retryAfter = retryAfter < 0 ? null : Duration.ofMillis(retryAfter);
        completion.queued = Duration.of(number(), java.time.temporal.ChronoUnit.MICROS);
        completion.network = Duration.of(number(), java.time.temporal.ChronoUnit.MICROS);
        completion.message = text();
        if (octet() != 0) {
            completion.code = text();
            completion.apiMessage = text();
            completion.traceId = text();
            completion.errors = validationErrors();
        }
        answer(completion);
        follow(completion);
        return completion;
    }

    private List<ValidationError> validationErrors() {
        int count = integer();
        List<ValidationError> errors = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            String code = text();
            String message = text();
            String validation = text();
            int segments = integer();
            List<String> path = new ArrayList<>(segments);
            for (int j = 0; j < segments; j++) {
                path.add(text());
            }
            errors.add(new ValidationError(code, message, validation, List.copyOf(path)));
        }
        return List.copyOf(errors);
    }

    private void answer(Completion completion) {
        switch (octet()) {
            case 2 -> completion.answer = customer();
            case 3 -> {
                int count = integer();
                List<Customer> customers = new ArrayList<>(count);
                for (int i = 0; i < count; i++) {
                    customers.add(customer());
                }
                completion.answer = List.copyOf(customers);
            }
            case 4 -> completion.answer = token();
            case 5 -> completion.answer = new PlayerToken(customer(), token());
            case 6 -> completion.answer = new GiftCard(this);
            case 7 -> {
                sawToken = true;
                completion.answer = text();
            }
            default -> completion.answer = null;
        }
    }

    private void follow(Completion completion) {
        switch (octet()) {
            case 1 -> {
                long cursor = number();
                completion.page = new Completion.Page(cursor == 0 ? null : Long.toString(cursor), octet() != 0);
            }
            case 2 -> {
                boolean goesOn = octet() != 0;
                int[] became = new int[integer()];
                for (int i = 0; i < became.length; i++) {
                    became[i] = integer();
                }
                completion.piece = new Completion.Piece(became, goesOn);
            }
            case 3 -> {
                boolean goesOn = octet() != 0;
                int[] became = new int[integer()];
                Arrays.fill(became, integer());
                completion.piece = new Completion.Piece(became, goesOn);
            }
            default -> {
                // Nothing follows from the answers to most requests.
            }
        }
    }

    /** A customer, whatever else the library says of one. */
    private Customer customer() {
        int length = integer();
        int end = at + length;
        Customer customer = new Customer(this);
        at = end;
        return customer;
    }

    private CustomerToken token() {
        sawToken = true;
        return CustomerToken.of(text());
    }

    /** Forgets what was read, if it may have held a token. */
    void wipe() {
        if (sawToken) {
            Arrays.fill(bytes, 0, end, (byte) 0);
        }
    }

    @Nullable String text() {
        int length = integer();
        if (length < 0) {
            return null;
        }
        String text = new String(bytes, at, length, StandardCharsets.UTF_8);
        at += length;
        return text;
    }

    @Nullable Moment moment() {
        String text = text();
        long milliseconds = number();
        return text == null ? null : new Moment(text, milliseconds);
    }

    @Nullable Profile profile() {
        return octet() == 0 ? null : new Profile(text(), text(), text(), text());
    }

    @Nullable MinecraftPlatform minecraftPlatform() {
        int number = octet();
        return number == 0 ? null : PLATFORMS[number - 1];
    }

    Map<String, String> metadata() {
        int count = integer();
        if (count == 0) {
            return Map.of();
        }
        Map<String, String> entries = new LinkedHashMap<>(count * 2);
        for (int i = 0; i < count; i++) {
            entries.put(text(), text());
        }
        return Collections.unmodifiableMap(entries);
    }

    private int octet() {
        return bytes[at++] & 0xff;
    }

    private int integer() {
        int value = (int) INT.get(bytes, at);
        at += Integer.BYTES;
        return value;
    }

    long number() {
        long value = (long) LONG.get(bytes, at);
        at += Long.BYTES;
        return value;
    }
}
