package dev.paynowbridge;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A walk through the customers of a store, made by {@link PayNowOperations#customerPages(CustomerQuery)}.
 *
 * <pre>{@code
 * void walk(CustomerPages pages) {
 *     pages.next().thenAccept(customers -> {
 *         customers.forEach(this::visit);
 *         if (!pages.isOver()) {
 *             walk(pages);
 *         }
 *     });
 * }
 * }</pre>
 *
 * <p>Every customer comes at most once, in order, and the walk ends whatever the server answers: an endless repeated page, a
 * page that holds its own cursor, one larger than the limit, one out of order. Any thread may call any method, and none
 * waits for the network.
 */
public final class CustomerPages {
    private final PayNowOperations view;
    private final CustomerQuery query;
    private @Nullable String cursor;
    private boolean over;
    private @Nullable Asking asking;

    CustomerPages(PayNowOperations view, CustomerQuery query) {
        this.view = view;
        this.query = query;
        cursor = query.after;
    }

    /** A page that was asked for. The walk goes on only if its future brought what came. */
    private static final class Asking {
        private PayNowFuture<List<Customer>> future;
        private volatile @Nullable Page page;

        List<Customer> accept(Completion completion) {
            List<Customer> fresh = PayNowOperations.customers(completion);
            page = new Page(fresh, Objects.requireNonNull(completion.page));
            return fresh;
        }
    }

    /** What came: the customers that are new, and where the walk goes on behind them. */
    private record Page(List<Customer> fresh, Completion.Page end) {}

    /**
     * Asks for the next page. A page that failed or was cancelled leaves the walk where it is: the next call asks for it
     * again.
     *
     * @return the customers that are new; none when the walk is over, and then at once. Completes on the client's
     *     completion thread, unless {@link PayNowOperations#on(java.util.concurrent.Executor)} said otherwise
     * @throws IllegalArgumentException when the query cannot be used; what is wrong is named, and nothing is sent
     * @throws IllegalStateException when the page before is still pending
     */
    public synchronized PayNowFuture<List<Customer>> next() {
        goOn();
        if (asking != null) {
            throw new IllegalStateException("the page before is still pending: ask for the next one when it has come");
        }
        if (over) {
            PayNowFuture<List<Customer>> nothing = new PayNowFuture<>();
            nothing.complete(List.of());
            return nothing;
        }
        Asking page = new Asking();
        page.future = view.nextPage(query, cursor, page::accept);
        asking = page;
        return page.future;
    }

    /**
     * Whether every customer has come.
     *
     * @return true once the last page has completed
     */
    public synchronized boolean isOver() {
        goOn();
        return over;
    }

    /**
     * Where the walk is: what {@link CustomerQuery#after(String)} takes to go on from here another time.
     *
     * @return the id of the last customer that came; empty at the very beginning
     */
    public synchronized Optional<String> cursor() {
        goOn();
        return Optional.ofNullable(cursor);
    }

    private void goOn() {
        if (asking == null || !asking.future.isDone()) {
            return;
        }
        Page page = asking.page;
        // A future that the host cancelled or completed itself did not bring the page, even if it came later.
        if (page != null && !asking.future.isCompletedExceptionally() && asking.future.getNow(null) == page.fresh) {
            cursor = page.end.cursor();
            over = page.end.last();
        }
        asking = null;
    }
}
