package dev.paynowbridge;

import dev.paynowbridge.internal.Checked;
import dev.paynowbridge.internal.Native;
import java.util.ArrayList;
import java.util.List;

/** Customers of one request, in the form in which they cross into the library. */
final class BulkPiece {
    private static final int NUMBERS = 2;
    /** How many texts tell the library who a created customer is. */
    private static final int KNOWN_BY = 4;

    final int first;
    final int size;
    final int[] shapes;
    final String[] texts;

    private BulkPiece(int first, int size, int[] shapes, String[] texts) {
        this.first = first;
        this.size = size;
        this.shapes = shapes;
        this.texts = texts;
    }

    /** Customers, the first of which has this place in the whole bulk. */
    static BulkPiece of(int first, List<CustomerFields> customers) {
        int[] shapes = new int[customers.size() * NUMBERS];
        List<String> values = new ArrayList<>();
        for (int i = 0; i < customers.size(); i++) {
            CustomerFields fields = customers.get(i);
            PayNowOperations.require(fields, "customers[" + (first + i) + "]");
            System.arraycopy(fields.shape(), 0, shapes, i * NUMBERS, NUMBERS);
            values.addAll(fields.texts);
        }
        return new BulkPiece(first, customers.size(), shapes, values.toArray(String[]::new));
    }

    /** Refuses a customer of a bulk that cannot be used, and says how many customers go into one piece of it. */
    static int check(List<CustomerFields> all) {
        BulkPiece whole = of(0, all);
        long result = Checked.checkBulk(whole.shapes, whole.texts);
        if (Native.failed(result)) {
            throw Completion.ofFailure(result).exception();
        }
        return (int) result;
    }

    /** What became of each customer: the place of its customer in the answer, or one of two negative numbers. */
    int[] accept(Status status, Sent sent, List<Customer> created) {
        String[] known = new String[created.size() * KNOWN_BY];
        int at = 0;
        for (Customer customer : created) {
            known[at++] = customer.steamId().orElse(null);
            known[at++] = customer.minecraftUuid().orElse(null);
            known[at++] = customer.xboxXuid().orElse(null);
            known[at++] = customer.name().orElse(null);
        }
        int[] became = new int[size];
        long result = Checked.acceptPiece(shapes, texts, status.number(), sent.ordinal(), known, became);
        if (Native.failed(result)) {
            throw Completion.ofFailure(result).exception();
        }
        return became;
    }
}
