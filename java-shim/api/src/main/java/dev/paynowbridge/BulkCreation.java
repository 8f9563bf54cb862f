package dev.paynowbridge;

import dev.paynowbridge.internal.Native;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A bulk under way: one request at a time, each sent where the one before it completed. The customers cross into the
 * library with the first one, and it keeps those that are not sent yet.
 */
final class BulkCreation {
    private final PayNowOperations view;
    /** Keeps the rest: another client, which the view may have by then, knows nothing of it. */
    private final PayNowClient client;
    private final int size;
    private final Consumer<BulkChunk> progress;
    private final PayNowFuture<BulkReport> report = new PayNowFuture<>();
    // Each request happens after the one before it, and so does what is written here.
    private final List<BulkOutcome> outcomes = new ArrayList<>();
    private final List<BulkChunk> chunks = new ArrayList<>();
    /** The request with which the library keeps the rest, since that request has ended; 0 for none. */
    private long kept;

    private volatile PayNowFuture<List<Customer>> underWay;
    private volatile boolean ended;

    BulkCreation(PayNowOperations view, PayNowClient client, int size, Consumer<BulkChunk> progress) {
        this.view = view;
        this.client = client;
        this.size = size;
        this.progress = progress;
    }

    PayNowFuture<BulkReport> start(List<CustomerFields> customers) {
        report.whenComplete((done, failure) -> end());
        if (size == 0) {
            finish();
        } else {
            await(view.startBulk(client, BulkPiece.of(customers)));
        }
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

    private void await(PayNowFuture<List<Customer>> request) {
        underWay = request;
        if (ended) {
            request.cancelRequest();
        }
        request.whenComplete((created, failure) -> {
            try {
                arrived(request);
            } catch (RuntimeException | Error e) {
                letGo();
                report.completeExceptionally(e);
            }
        });
    }

    private void arrived(PayNowFuture<List<Customer>> request) {
        Completion how = request.ended();
        Completion.Piece piece = how.piece;
        if (piece == null) {
            kept = request.request() == 0 ? kept : request.request();
            piece = new Completion.Piece(unsaid(how), false);
        } else {
            kept = piece.goesOn() ? request.request() : 0;
        }
        take(piece.became(), how);
        if (!piece.goesOn() || ended) {
            finish();
        } else {
            await(view.goOnBulk(client, kept));
        }
    }

    /** What became of a piece of which the library said nothing: it was not accepted, or its end got lost. */
    private int[] unsaid(Completion how) {
        int[] became = new int[Math.min(Native.PIECE, size - outcomes.size())];
        Arrays.fill(became, how.sent == Sent.NEVER ? BulkOutcome.FAILED : BulkOutcome.UNKNOWN);
        return became;
    }

    private void take(int[] became, Completion how) {
        int first = outcomes.size();
        List<Customer> created = how.answer == null ? List.of() : PayNowOperations.customers(how);
        List<BulkOutcome> ofPiece = new ArrayList<>(became.length);
        for (int i = 0; i < became.length; i++) {
            ofPiece.add(BulkOutcome.of(first + i, became[i], created));
        }
        Optional<RuntimeException> failure = how.status == Status.OK ? Optional.empty() : Optional.of(how.exception());
        BulkChunk chunk = new BulkChunk(first, List.copyOf(ofPiece), failure);
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
        letGo();
        while (outcomes.size() < size) {
            outcomes.add(BulkOutcome.unsent(outcomes.size()));
        }
        report.complete(new BulkReport(List.copyOf(outcomes), List.copyOf(chunks)));
    }

    /** What is not sent is not kept either. */
    private void letGo() {
        if (kept != 0) {
            PayNowOperations.endBulk(client, kept);
            kept = 0;
        }
    }
}
