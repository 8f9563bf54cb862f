package dev.paynowbridge;

import java.util.ArrayList;
import java.util.List;

/** Customers in the form in which they cross into the library. */
final class BulkPiece {
    private static final int NUMBERS = 2;

    final int[] shapes;
    final String[] texts;

    private BulkPiece(int[] shapes, String[] texts) {
        this.shapes = shapes;
        this.texts = texts;
    }

    static BulkPiece of(List<CustomerFields> customers) {
        int[] shapes = new int[customers.size() * NUMBERS];
        List<String> values = new ArrayList<>();
        for (int i = 0; i < customers.size(); i++) {
            CustomerFields fields = customers.get(i);
            PayNowOperations.require(fields, "customers[" + i + "]");
            System.arraycopy(fields.shape(), 0, shapes, i * NUMBERS, NUMBERS);
            values.addAll(fields.texts);
        }
        return new BulkPiece(shapes, values.toArray(String[]::new));
    }
}
