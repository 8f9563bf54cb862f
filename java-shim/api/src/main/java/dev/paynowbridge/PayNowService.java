package dev.paynowbridge;

import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A client that belongs to somebody else, as other plugins find it on a server. It cannot be closed or changed. When its owner
 * puts another client into its place, after a reload, this object and every view made of it go on with the new one: it can
 * be kept.
 *
 * <p>While there is no client, futures fail with {@link PayNowException.Closed} and {@code peek} finds nothing.
 */
public final class PayNowService extends PayNowOperations {
    private volatile @Nullable PayNowClient current;
    private volatile String reason = "it was not set up yet";

    private PayNowService() {
        super(Calls.PLAIN);
    }

    /** What only the owner of a service can do. */
    public static final class Owner {
        private final PayNowService service = new PayNowService();

        /** Makes a service without a client. */
        public Owner() {}

        /**
         * The service, for others.
         *
         * @return always the same
         */
        public PayNowService service() {
            return service;
        }

        /**
         * Uses a client from now on. The one before stays open: closing it is up to its owner.
         *
         * @param client the client
         */
        public void use(PayNowClient client) {
            require(client, "client");
            service.current = client;
        }

        /**
         * Uses none from now on.
         *
         * @param reason why, for the message of the failures
         */
        public void drop(String reason) {
            service.reason = reason;
            service.current = null;
        }
    }

    @Override
    @Nullable PayNowClient client() {
        return current;
    }

    @Override
    String unavailable() {
        return "PayNow is not connected: " + reason;
    }

    /**
     * Whether there is a client.
     *
     * @return false before the owner's first set-up, and after the last
     */
    public boolean isConnected() {
        PayNowClient known = current;
        return known != null && !known.isClosed();
    }

    /**
     * Cancels every request with this tag that has not ended: those of a player who left.
     *
     * @param tag the player
     * @return how many were cancelled
     */
    public long cancelAll(UUID tag) {
        PayNowClient known = current;
        return known == null ? 0 : known.cancelAll(tag);
    }

    /**
     * Cancels every request with this tag that has not ended: those of a plugin that was disabled.
     *
     * @param tag the plugin's name
     * @return how many were cancelled
     */
    public long cancelAll(String tag) {
        PayNowClient known = current;
        return known == null ? 0 : known.cancelAll(tag);
    }

    /**
     * What the client has done and is doing. May wait some microseconds for a lock of the library's own threads.
     *
     * @return a snapshot, if there is a client
     */
    public Optional<ClientStats> stats() {
        return Optional.ofNullable(current).map(PayNowClient::stats);
    }

    /**
     * What is known about the client as OpenMetrics text: see {@link PayNowClient#metrics()}. Not for the server's thread.
     *
     * @return the text, if there is a client
     */
    public Optional<String> metrics() {
        return Optional.ofNullable(current).map(PayNowClient::metrics);
    }

    /**
     * How the last requests went, as lines of JSON: see {@link PayNowClient#dump()}. Not for the server's thread.
     *
     * @return the lines, if there is a client
     */
    public Optional<String> dump() {
        return Optional.ofNullable(current).map(PayNowClient::dump);
    }
}
