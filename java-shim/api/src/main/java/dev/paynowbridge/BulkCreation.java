package dev.paynowbridge;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** A bulk under way: one request at a time, each sent where the one before it completed. */
final class BulkCreation {
    private final PayNowOperations view;
    private final List<CustomerFields> customers;
    private final Consumer<BulkChunk> progress;
    private final PayNowFuture<BulkReport> report = new PayNowFuture<>();
    // Each request happens after the one before it, and so does what is written here.
    private final List<BulkOutcome> outcomes = new ArrayList<>();
    private final List<BulkChunk> chunks = new ArrayList<>();

    private int pieceLength;

    private volatile PayNowFuture<List<Customer>> underWay;
    private volatile boolean ended;

    BulkCreation(PayNowOperations view, List<CustomerFields> customers, Consumer<BulkChunk> progress) {
        this.view = view;
        // Not List.copyOf: a customer that is missing is to be named.
        this.customers = Arrays.asList(customers.toArray(CustomerFields[]::new));
        this.progress = progress;
    }

    PayNowFuture<BulkReport> start() {
        pieceLength = BulkPiece.check(customers);
        report.whenComplete((done, failure) -> end());
        send();
        return report;
    }

    /** The host wants no more of it, or it is over. */
    private void end() {
        ended = true;
        PayNowFuture<List<Customer>> request = underWay;
        if (request != null) {
            request.cancelRequest();
        }
    }

    private void send() {
        if (ended || outcomes.size() == customers.size()) {
            finish();
            return;
        }
        int first = outcomes.size();
        int end = Math.min(customers.size(), first + pieceLength);
        BulkPiece piece = BulkPiece.of(first, customers.subList(first, end));
        PayNowFuture<List<Customer>> request;
        try {
            request = view.createPiece(piece);
        } catch (IllegalArgumentException e) {
            // Each of them is fine, but not all in one request.
            take(piece, Status.INTERNAL, Sent.NEVER, List.of(), e);
            finish();
            return;
        }
        underWay = request;
        if (ended) {
            request.cancelRequest();
        }
        request.whenComplete((created, failure) -> {
            try {
                arrived(piece, created, failure);
            } catch (RuntimeException | Error e) {
                report.completeExceptionally(e);
            }
        });
    }

    private void arrived(BulkPiece piece, List<Customer> created, Throwable failure) {
        if (failure == null) {
            take(piece, Status.OK, Sent.ANSWERED, created, null);
            send();
        } else if (failure instanceof PayNowException refusal) {
            take(piece, refusal.status(), refusal.sent(), List.of(), refusal);
            switch (refusal.status()) {
                case QUEUE_FULL, CLOSED, NO_API_KEY, CANCELLED -> finish();
                default -> send();
            }
        } else {
            report.completeExceptionally(failure);
        }
    }

    private void take(BulkPiece piece, Status status, Sent sent, List<Customer> created, RuntimeException failure) {
        int[] became = piece.accept(status, sent, created);
        List<BulkOutcome> ofPiece = new ArrayList<>(piece.size);
        for (int i = 0; i < piece.size; i++) {
            ofPiece.add(BulkOutcome.of(piece.first + i, became[i], created));
        }
        BulkChunk chunk = new BulkChunk(piece.first, List.copyOf(ofPiece), Optional.ofNullable(failure));
        outcomes.addAll(ofPiece);
        chunks.add(chunk);
        try {
            progress.accept(chunk);
        } catch (RuntimeException e) {
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
        }
    }

    private void finish() {
        while (outcomes.size() < customers.size()) {
            outcomes.add(BulkOutcome.unsent(outcomes.size()));
        }
        report.complete(new BulkReport(List.copyOf(outcomes), List.copyOf(chunks)));
    }
}
