package dev.paynowbridge;

import dev.paynowbridge.internal.Checked;
import dev.paynowbridge.internal.Native;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What can be asked of PayNow. A {@link PayNowClient} is one; its views ({@link #on(Executor)}, {@link #tag(UUID)} …) are
 * others, with the same client behind them. A {@link PayNowService} is another plugin's client.
 *
 * <p>Any thread may call any method. Operations never wait, make no system call and wake no thread; they return a future even
 * when the request was not accepted (queue full, closed, no API key), which has failed then.
 */
public abstract sealed class PayNowOperations permits PayNowClient, PayNowService, PayNowView {
    private static final long LONGEST_DEADLINE_MS = 24L * 60 * 60 * 1000;
    /** Longer than an ordinary customer. Making it costs more than reading it: a longer customer is asked for twice instead. */
    private static final int PEEK_BUFFER = 1024;
    private static final byte[] NO_BUFFER = {};

    private final Calls calls;
    private final int deadlineMs;
    private final boolean background;
    private final long tag;

    PayNowOperations(Calls calls) {
        this.calls = calls;
        deadlineMs = calls.deadlineMs();
        background = calls.background();
        tag = calls.tag();
    }

    /** The client behind it, which must not be collected while a view or a pending future is in use; null when it has none. */
    abstract @Nullable PayNowClient client();

    /** Why there is no client. */
    abstract String unavailable();

    /** What views are made of. */
    PayNowOperations root() {
        return this;
    }

    /** How an operation enters the library. */
    private interface Submission {
        long submit(long client, int ticket);
    }

    private <T> PayNowFuture<T> submit(Function<Completion, T> decode, Submission submission) {
        PayNowClient client = client();
        return client == null ? unconnected() : submit(client, decode, submission);
    }

    private <T> PayNowFuture<T> submit(PayNowClient client, Function<Completion, T> decode, Submission submission) {
        Engine engine = client.engine();
        PayNowFuture<T> future = new PayNowFuture<>(engine, client, calls, decode);
        if (calls.further().length > 0) {
            engine.noteFurtherTags();
        }
        int ticket = engine.take(future);
        if (ticket == Tickets.NONE) {
            future.refused(engine.isClosed() ? Completion.closed() : Completion.ofFailure(Native.QUEUE_FULL));
            return future;
        }
        long request = Native.INTERNAL;
        boolean returned = false;
        try {
            request = submission.submit(engine.handle(), ticket);
            returned = true;
        } finally {
            if (!returned) {
                engine.release(ticket);
            }
        }
        if (Native.failed(request)) {
            future.refused(Completion.ofFailure(request));
        } else {
            future.submitted(request);
        }
        return future;
    }

    private <T> PayNowFuture<T> unconnected() {
        PayNowFuture<T> future = new PayNowFuture<>(null, null, calls, null);
        future.refused(Completion.of(Status.CLOSED, unavailable()));
        return future;
    }

    static void require(Object argument, String name) {
        if (argument == null) {
            throw new IllegalArgumentException(name + " is required");
        }
    }

    private static Customer customer(Completion completion) {
        return (Customer) completion.answer;
    }

    private static Optional<Customer> optionalCustomer(Completion completion) {
        return Optional.ofNullable((Customer) completion.answer);
    }

    @SuppressWarnings("unchecked")
    static List<Customer> customers(Completion completion) {
        return (List<Customer>) completion.answer;
    }

    private static CustomerToken token(Completion completion) {
        return (CustomerToken) completion.answer;
    }

    /**
     * The same, with futures that complete on an executor: a {@link TickExecutor}, a scheduler. An executor that refuses a
     * task has it run on the client's completion thread instead, so that nothing hangs. From a {@link TickExecutor} the client
     * learns the host's ticks, see {@link PayNowClient#tick()}.
     *
     * @param executor where futures complete
     * @return a view
     */
    public final PayNowOperations on(Executor executor) {
        require(executor, "executor");
        if (executor instanceof TickExecutor ticks) {
            ticks.tickFor(root());
        }
        return new PayNowView(root(), calls.on(executor));
    }

    /**
     * The same, with another deadline: from the call to the completion, retries and queueing included.
     *
     * @param deadline 1 ms to 24 h
     * @return a view
     */
    public final PayNowOperations deadline(Duration deadline) {
        require(deadline, "deadline");
        if (deadline.compareTo(Duration.ofMillis(1)) < 0 || deadline.compareTo(Duration.ofMillis(LONGEST_DEADLINE_MS)) > 0) {
            throw new IllegalArgumentException("deadline must be between 1 ms and 24 h");
        }
        return new PayNowView(root(), calls.deadline((int) deadline.toMillis()));
    }

    /**
     * The same for work that no player waits for: an import, a warm-up. Requests of players go first.
     *
     * @return a view
     */
    public final PayNowOperations inBackground() {
        return new PayNowView(root(), calls.inBackground());
    }

    /**
     * The same, with requests that can be cancelled together, see {@link PayNowClient#cancelAll(UUID)}: those of a player. Tags
     * add up: a request with those of a player and of a plugin ends with either.
     *
     * @param tag the player
     * @return a view
     * @throws IllegalArgumentException when there are 8 tags already
     */
    public final PayNowOperations tag(UUID tag) {
        require(tag, "tag");
        return new PayNowView(root(), calls.tagged(Tags.of(tag), null));
    }

    /**
     * The same, with requests that can be cancelled together, see {@link PayNowClient#cancelAll(String)}: those of a plugin. Tags
     * add up. What a handler throws is logged with the first name.
     *
     * @param tag the plugin's name
     * @return a view
     * @throws IllegalArgumentException when there are 8 tags already
     */
    public final PayNowOperations tag(String tag) {
        require(tag, "tag");
        return new PayNowView(root(), calls.tagged(Tags.of(tag), tag));
    }

    /**
     * Lists one page of the store's customers: <code>GET /v1/stores/{store_id}/customers</code>.
     *
     * @param query which ones
     * @return the customers in the API's order; completes on the client's completion thread, unless {@link #on(Executor)} said otherwise
     * @throws IllegalArgumentException when an argument cannot be used; it is named, and nothing is sent
     */
    public final PayNowFuture<List<Customer>> listCustomers(CustomerQuery query) {
        require(query, "query");
        return submit(
                PayNowOperations::customers,
                (client, ticket) -> Checked.listCustomers(
                        client, query.limit, query.after, query.before, query.ascending, query.search, query.customerIds,
                        deadlineMs, background, tag, ticket));
    }

    /**
     * Creates a customer: <code>POST /v1/stores/{store_id}/customers</code>. Not repeatable: one that may have been sent
     * ({@link PayNowException#sent()}) and was not answered can exist.
     * {@link Status#NOT_FOUND}: no such account at the platform; {@link Status#CONFLICT}: the customer exists.
     *
     * @param fields what is known of it
     * @return the customer; completes on the client's completion thread, unless {@link #on(Executor)} said otherwise
     * @throws IllegalArgumentException when an argument cannot be used; it is named, and nothing is sent
     */
    public final PayNowFuture<Customer> createCustomer(CustomerFields fields) {
        require(fields, "fields");
        return submit(
                PayNowOperations::customer,
                (client, ticket) -> Checked.createCustomer(
                        client, fields.shape(), fields.textArray(), deadlineMs, background, tag, ticket));
    }

    /**
     * Gets a customer by PayNow's id: <code>GET /v1/stores/{store_id}/customers/{customer_id}</code>.
     *
     * @param customerId PayNow's id
     * @return the customer, empty when there is no such customer; completes on the client's completion thread, unless {@link #on(Executor)} said otherwise
     * @throws IllegalArgumentException when an argument cannot be used; it is named, and nothing is sent
     */
    public final PayNowFuture<Optional<Customer>> getCustomer(String customerId) {
        return submit(
                PayNowOperations::optionalCustomer,
                (client, ticket) -> Native.getCustomer(client, customerId, deadlineMs, background, tag, ticket));
    }

    /**
     * Changes a customer: <code>PATCH /v1/stores/{store_id}/customers/{customer_id}</code>. Fields that are left out stay as they are.
     * Whether metadata is merged or replaced is nowhere documented.
     *
     * @param customerId PayNow's id
     * @param fields what changes
     * @return the customer as it is then; completes on the client's completion thread, unless {@link #on(Executor)} said otherwise
     * @throws IllegalArgumentException when an argument cannot be used; it is named, and nothing is sent
     */
    public final PayNowFuture<Customer> updateCustomer(String customerId, CustomerFields fields) {
        require(fields, "fields");
        return submit(
                PayNowOperations::customer,
                (client, ticket) -> Checked.updateCustomer(
                        client, customerId, fields.shape(), fields.textArray(), deadlineMs, background, tag, ticket));
    }

    /**
     * Mints a token the customer is known by in the storefront: <code>POST …/customers/{customer_id}/tokens</code>. It does not
     * expire by default; the API key needs the permission {@code customer_update}.
     *
     * @param customerId PayNow's id
     * @return the token; completes on the client's completion thread, unless {@link #on(Executor)} said otherwise
     * @throws IllegalArgumentException when an argument cannot be used; it is named, and nothing is sent
     */
    public final PayNowFuture<CustomerToken> createCustomerToken(String customerId) {
        return submit(
                PayNowOperations::token,
                (client, ticket) -> Native.createCustomerToken(client, customerId, deadlineMs, background, tag, ticket));
    }

    /**
     * Revokes <em>all</em> tokens of the customer: <code>DELETE …/customers/{customer_id}/tokens</code>. The API key needs
     * the permission {@code customer_update}.
     *
     * @param customerId PayNow's id
     * @return nothing, when it is done; completes on the client's completion thread, unless {@link #on(Executor)} said otherwise
     * @throws IllegalArgumentException when an argument cannot be used; it is named, and nothing is sent
     */
    public final PayNowFuture<@Nullable Void> invalidateCustomerTokens(String customerId) {
        return submit(
                completion -> null,
                (client, ticket) -> Native.invalidateCustomerTokens(client, customerId, deadlineMs, background, tag, ticket));
    }

    /**
     * Looks a customer up: <code>GET /v1/stores/{store_id}/customers/lookup</code>.
     *
     * @param key by what
     * @return the customer, empty when there is no such customer; completes on the client's completion thread, unless {@link #on(Executor)} said otherwise
     * @throws IllegalArgumentException when the key cannot be used; it is named, and nothing is sent
     */
    public final PayNowFuture<Optional<Customer>> lookupCustomer(LookupKey key) {
        require(key, "key");
        return submit(
                PayNowOperations::optionalCustomer,
                (client, ticket) -> key.text == null
                        ? Native.lookupUuid(client, key.high, key.low, deadlineMs, background, tag, ticket)
                        : Native.lookupText(client, key.kind, key.text, deadlineMs, background, tag, ticket));
    }

    /**
     * Looks a customer up by Minecraft UUID: the cheapest way to ask.
     *
     * @param minecraftUuid the UUID
     * @return the customer, empty when there is no such customer; completes on the client's completion thread, unless {@link #on(Executor)} said otherwise
     * @throws IllegalArgumentException when it is null
     */
    public final PayNowFuture<Optional<Customer>> lookupCustomer(UUID minecraftUuid) {
        require(minecraftUuid, "minecraftUuid");
        return submit(
                PayNowOperations::optionalCustomer,
                (client, ticket) -> Native.lookupUuid(
                        client, minecraftUuid.getMostSignificantBits(), minecraftUuid.getLeastSignificantBits(),
                        deadlineMs, background, tag, ticket));
    }

    /**
     * Creates 1 to 200 customers at once: <code>POST …/customers/bulk</code>. The order of the answer, and what becomes of the rest
     * when one cannot be created, are nowhere documented.
     *
     * @param customers 1 to 200
     * @return the customers; completes on the client's completion thread, unless {@link #on(Executor)} said otherwise
     * @throws IllegalArgumentException when an argument cannot be used; it is named, and nothing is sent
     */
    public final PayNowFuture<List<Customer>> bulkCreateCustomers(List<CustomerFields> customers) {
        require(customers, "customers");
        BulkPiece piece = BulkPiece.of(customers);
        return submit(
                PayNowOperations::customers,
                (client, ticket) -> Checked.bulkCreateCustomers(
                        client, piece.shapes, piece.texts, deadlineMs, background, tag, ticket));
    }

    final PayNowFuture<List<Customer>> startBulk(PayNowClient client, BulkPiece whole) {
        return submit(
                client,
                PayNowOperations::customers,
                (handle, ticket) -> Checked.startBulk(
                        handle, whole.shapes, whole.texts, deadlineMs, background, tag, ticket));
    }

    final PayNowFuture<List<Customer>> goOnBulk(PayNowClient client, long before) {
        return submit(
                client,
                PayNowOperations::customers,
                (handle, ticket) -> Native.goOnBulk(handle, before, deadlineMs, background, tag, ticket));
    }

    static void endBulk(PayNowClient client, long before) {
        Native.endBulk(client.engine().handle(), before);
    }

    /**
     * Creates any number of customers, in as many requests as that takes, one after the other. A deadline is that of each
     * request. Every customer ends as one of three: created, surely not created, or unknown, because PayNow's answer does
     * not tell; nothing is guessed.
     *
     * <p>A request that fails does not end it, except when the client refuses it, is closed, or the request is cancelled
     * (alone or by its tag): then nothing more is sent, and the rest was surely not created. Cancelling the future, or
     * completing it in any other way, does the same; {@code progress} still learns how the request under way ended, and
     * what it was never told of was never sent.
     *
     * @param customers any number; copied
     * @param progress gets the report of each request, in order, where the future completes: on the client's completion
     *     thread, unless {@link #on(Executor)} said otherwise. A first request that the client refuses is reported on the
     *     calling thread. What it throws goes to that thread's uncaught exception handler.
     * @return the report of the whole, also when nothing could be created: it does not fail by itself; completes like
     *     {@code progress}
     * @throws IllegalArgumentException when any of the customers cannot be used, or makes its request longer than 8 MiB; it is
     *     named, and nothing is sent
     */
    public final PayNowFuture<BulkReport> bulkCreateCustomers(List<CustomerFields> customers, Consumer<BulkChunk> progress) {
        require(customers, "customers");
        require(progress, "progress");
        PayNowClient client = client();
        if (client == null) {
            return unconnected();
        }
        // Not List.copyOf: a customer that is missing is to be named.
        List<CustomerFields> copy = Arrays.asList(customers.toArray(CustomerFields[]::new));
        return new BulkCreation(this, client, copy.size(), progress).start(copy);
    }

    /**
     * Begins a walk through all customers, or those that match, page by page. Nothing is sent before
     * {@link CustomerPages#next()}; its pages complete like all futures of this view.
     *
     * @param query which ones and in what order, oldest first by default; its limit is that of a page, 100 by default; the
     *     walk begins behind {@link CustomerQuery#after(String)}
     * @return the walk
     * @throws IllegalArgumentException when the query has {@link CustomerQuery#before(String)} or
     *     {@link CustomerQuery#customerIds}, which mean nothing to a walk
     */
    public final CustomerPages customerPages(CustomerQuery query) {
        require(query, "query");
        if (query.before != null) {
            throw new IllegalArgumentException("before cannot be used: a walk goes on after a customer");
        }
        if (query.customerIds != null) {
            throw new IllegalArgumentException("customerIds cannot be used: one page holds all of them, see listCustomers");
        }
        return new CustomerPages(this, query);
    }

    final PayNowFuture<List<Customer>> nextPage(
            CustomerQuery query, String cursor, Function<Completion, List<Customer>> accept) {
        return submit(
                accept,
                (client, ticket) -> Native.nextPage(
                        client, query.limit, query.ascending, query.search, cursor, deadlineMs, background, tag, ticket));
    }

    /**
     * Authenticates the owner of a platform account, who becomes a customer: <code>POST /v1/store/customer/auth</code>. Needs no API
     * key.
     *
     * @param authentication who
     * @return a token of theirs; completes on the client's completion thread, unless {@link #on(Executor)} said otherwise
     * @throws IllegalArgumentException when an argument cannot be used; it is named, and nothing is sent
     */
    public final PayNowFuture<CustomerToken> authenticateCustomer(Authentication authentication) {
        require(authentication, "authentication");
        require(authentication.platform(), "platform");
        int platform = authentication.platform().ordinal();
        return submit(
                PayNowOperations::token,
                (client, ticket) -> Native.authenticateCustomer(
                        client, platform, authentication.id(), authentication.customerIp(),
                        authentication.customerCountryCode(), deadlineMs, background, tag, ticket));
    }

    /**
     * Gets the customer a token belongs to: <code>GET /v1/store/customer</code>. Needs no API key. {@link Status#UNAUTHORIZED}: the
     * token was revoked or never valid.
     *
     * @param customerToken the token
     * @return the customer; completes on the client's completion thread, unless {@link #on(Executor)} said otherwise
     * @throws IllegalArgumentException when an argument cannot be used; it is named, and nothing is sent
     */
    public final PayNowFuture<Customer> getCurrentCustomer(CustomerToken customerToken) {
        return submit(
                PayNowOperations::customer,
                (client, ticket) -> Native.getCurrentCustomer(client, CustomerToken.valueOf(customerToken), deadlineMs, background, tag, ticket));
    }

    /**
     * Looks a gift card up for a customer: <code>GET /v1/store/customer/giftcards/lookup/{code}</code>. Needs no API key. Guard it
     * against guessing.
     *
     * @param customerToken whose question it is
     * @param code the code
     * @return the card, empty when there is no such card; completes on the client's completion thread, unless {@link #on(Executor)} said otherwise
     * @throws IllegalArgumentException when an argument cannot be used; it is named, and nothing is sent
     */
    public final PayNowFuture<Optional<GiftCard>> lookupGiftcard(CustomerToken customerToken, String code) {
        return submit(
                completion -> Optional.ofNullable((GiftCard) completion.answer),
                (client, ticket) -> Native.lookupGiftcard(
                        client, CustomerToken.valueOf(customerToken), code, deadlineMs, background, tag, ticket));
    }

    /**
     * Any other operation of the API, under the same promise.
     *
     * @param request what
     * @return the answer; completes on the client's completion thread, unless {@link #on(Executor)} said otherwise
     * @throws IllegalArgumentException when an argument cannot be used; it is named, and nothing is sent
     */
    public final PayNowFuture<ApiResponse> request(ApiRequest request) {
        require(request, "request");
        return submit(
                completion -> new ApiResponse(
                        completion.httpStatus, completion.answer == null ? "" : (String) completion.answer),
                (client, ticket) -> Native.request(
                        client, request.method, request.path, request.auth,
                        CustomerToken.valueOf(request.token), request.json, deadlineMs, background, tag, ticket));
    }

    /**
     * Looks a player up by the strongest key the host knows.
     *
     * @param player who
     * @return the customer, empty when there is no such customer; completes on the client's completion thread, unless {@link #on(Executor)} said otherwise
     * @throws IllegalArgumentException when an argument cannot be used; it is named, and nothing is sent
     */
    public final PayNowFuture<Optional<Customer>> lookupPlayer(Player player) {
        require(player, "player");
        return submit(
                PayNowOperations::optionalCustomer,
                (client, ticket) -> Native.lookupPlayer(
                        client, player.steamId(), player.xboxXuid(), player.hasUuid(), player.uuidHigh(), player.uuidLow(), player.name(),
                        deadlineMs, background, tag, ticket));
    }

    /**
     * The player's customer, created if need be: looks up, creates the unknown, and looks up again when another server was
     * first. Calls for the same player share one answer.
     *
     * @param player who
     * @return the customer; completes on the client's completion thread, unless {@link #on(Executor)} said otherwise
     * @throws IllegalArgumentException when an argument cannot be used; it is named, and nothing is sent
     */
    public final PayNowFuture<Customer> ensureCustomer(Player player) {
        require(player, "player");
        return submit(
                PayNowOperations::customer,
                (client, ticket) -> Native.ensureCustomer(
                        client, player.steamId(), player.xboxXuid(), player.hasUuid(), player.uuidHigh(), player.uuidLow(), player.name(),
                        deadlineMs, background, tag, ticket));
    }

    /**
     * {@link #ensureCustomer(Player)}, and a token of theirs.
     *
     * @param player who
     * @return both; completes on the client's completion thread, unless {@link #on(Executor)} said otherwise
     * @throws IllegalArgumentException when an argument cannot be used; it is named, and nothing is sent
     */
    public final PayNowFuture<PlayerToken> tokenFor(Player player) {
        require(player, "player");
        return submit(
                completion -> (PlayerToken) completion.answer,
                (client, ticket) -> Native.tokenFor(
                        client, player.steamId(), player.xboxXuid(), player.hasUuid(), player.uuidHigh(), player.uuidLow(), player.name(),
                        deadlineMs, background, tag, ticket));
    }

    /**
     * What is remembered of a lookup, without asking the API: for placeholders and permission checks on the tick thread.
     * Returns at once, on this thread, and never waits.
     *
     * @param key by what
     * @return what is remembered; empty when nothing fresh is
     * @throws IllegalArgumentException when the key cannot be used
     */
    public final Optional<Remembered> peek(LookupKey key) {
        require(key, "key");
        return peek(
                key.text == null ? Peeks.key(key.high, key.low) : Peeks.key(key.kind, key.text.hashCode()),
                (client, seen, buffer) -> key.text == null
                        ? Checked.peekUuid(client, key.high, key.low, seen, buffer)
                        : Checked.peekText(client, key.kind, key.text, seen, buffer));
    }

    /**
     * {@link #peek(LookupKey)} by Minecraft UUID.
     *
     * @param minecraftUuid the UUID
     * @return what is remembered; empty when nothing fresh is
     * @throws IllegalArgumentException when it is null
     */
    public final Optional<Remembered> peek(UUID minecraftUuid) {
        require(minecraftUuid, "minecraftUuid");
        long high = minecraftUuid.getMostSignificantBits();
        long low = minecraftUuid.getLeastSignificantBits();
        return peek(Peeks.key(high, low), (client, seen, buffer) -> Checked.peekUuid(client, high, low, seen, buffer));
    }

    /**
     * {@link #peek(LookupKey)} for a player.
     *
     * @param player who
     * @return what is remembered; empty when nothing fresh is
     * @throws IllegalArgumentException when the player cannot be known by anything
     */
    public final Optional<Remembered> peek(Player player) {
        require(player, "player");
        return peek(
                player.hasUuid() ? Peeks.key(player.uuidHigh(), player.uuidLow()) : Peeks.key(0, player.hashCode()),
                (client, seen, buffer) -> Checked.peekPlayer(
                        client, player.steamId(), player.xboxXuid(), player.hasUuid(), player.uuidHigh(), player.uuidLow(), player.name(),
                        seen, buffer));
    }

    /** How a peek enters the library. */
    private interface Peek {
        long into(long client, long seen, byte[] buffer);
    }

    private Optional<Remembered> peek(long key, Peek peek) {
        PayNowClient client = client();
        if (client == null) {
            return Optional.empty();
        }
        Engine engine = client.engine();
        Peeks.Seen seen = engine.peeks().at(key);
        // For what was seen no room is needed.
        byte[] buffer = seen == Peeks.Seen.NOTHING ? new byte[PEEK_BUFFER] : NO_BUFFER;
        long length = peek.into(engine.handle(), seen.number(), buffer);
        while (length > buffer.length) {
            if (length == Native.SEEN) {
                return seen.remembered();
            }
            buffer = new byte[(int) length];
            length = peek.into(engine.handle(), seen.number(), buffer);
        }
        if (length <= 0) {
            return Optional.empty();
        }
        Reader in = new Reader(buffer, (int) length);
        in.record();
        in.ticket();
        Optional<Remembered> remembered = Optional.of(new Remembered(optionalCustomer(in.completion())));
        engine.peeks().put(new Peeks.Seen(key, in.number(), remembered));
        return remembered;
    }
}
