package dev.paynowbridge;

import static dev.paynowbridge.Waiting.failure;
import static dev.paynowbridge.Waiting.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.paynowbridge.sandbox.Sandbox;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Every way to fail, provoked. */
class FailuresTest extends OnSandbox {
    private static final UUID NOTCH = UUID.fromString("069a79f4-44e9-4726-a5be-fca90e38aaf5");

    private static PayNowClient client(UnaryOperator<PayNowClient.Builder> change) {
        return change.apply(builder().maxAttempts(1).cacheTtl(Duration.ZERO)).build();
    }

    private static PayNowClient client() {
        return client(builder -> builder);
    }

    private static <E extends PayNowException> E lookupFails(Class<E> type, UnaryOperator<PayNowClient.Builder> change) {
        try (PayNowClient client = client(change)) {
            return failure(type, client.lookupCustomer(NOTCH));
        }
    }

    @Test
    void theApiRefusesWithEverythingItSays() {
        sandbox.respond("lookup_customer", """
                {"status":400,"body":"{\\"status\\":400,\\"code\\":\\"bad-request\\",\\"message\\":\\"no\\",\\"trace_id\\":\\"t-1\\",\
                \\"errors\\":[{\\"code\\":\\"c\\",\\"message\\":\\"m\\",\\"path\\":[\\"items\\",3],\\"validation\\":\\"v\\"},\
                {\\"path\\":\\"steam_id\\"}]}"}""");
        PayNowException.Api refusal = lookupFails(PayNowException.Api.class, builder -> builder);
        assertEquals(Status.API, refusal.status());
        assertEquals(400, refusal.httpStatus());
        assertEquals(Optional.of("bad-request"), refusal.code());
        assertEquals(Optional.of("no"), refusal.apiMessage());
        assertEquals(Optional.of("t-1"), refusal.traceId());
        assertEquals(Optional.of(Operation.LOOKUP_CUSTOMER), refusal.operation());
        assertEquals(1, refusal.attempts());
        assertEquals(Sent.ANSWERED, refusal.sent());
        assertFalse(refusal.getMessage().isBlank());
        ValidationError detail = refusal.errors().get(0);
        assertEquals(Optional.of("c"), detail.code());
        assertEquals(Optional.of("m"), detail.message());
        assertEquals(Optional.of("v"), detail.validation());
        assertEquals(List.of("items", "3"), detail.path());
        assertEquals(List.of("steam_id"), refusal.errors().get(1).path());
        assertEquals(Optional.empty(), refusal.errors().get(1).code());
    }

    @Test
    void everyStatusOfARefusalIsTold() {
        Map<Integer, Status> statuses = Map.of(
                401, Status.UNAUTHORIZED, 403, Status.FORBIDDEN, 409, Status.CONFLICT, 422, Status.API, 500, Status.SERVER,
                503, Status.SERVER);
        statuses.forEach((http, status) -> {
            sandbox.respond("lookup_customer", "{\"status\":" + http + ",\"body\":\"{\\\"code\\\":\\\"x\\\"}\"}");
            PayNowException.Api refusal =
                    lookupFails(PayNowException.Api.class, builder -> builder.cacheStale(Duration.ZERO));
            assertEquals(status, refusal.status());
            assertEquals(http, refusal.httpStatus());
        });
        sandbox.reset();
        try (PayNowClient client = client()) {
            UUID unknown = UUID.fromString("deadbeef-0000-4000-8000-000000000000");
            assertEquals(Status.NOT_FOUND, failure(PayNowException.Api.class,
                    client.createCustomer(CustomerFields.builder().minecraftUuid(unknown).build())).status());
            assertEquals(Status.CONFLICT, failure(PayNowException.Api.class,
                    client.createCustomer(CustomerFields.builder().minecraftUuid(NOTCH).build())).status());
        }
    }

    @Test
    void rateLimitsSayWhenToComeBack() {
        sandbox.respond("lookup_customer", "{\"status\":429,\"headers\":{\"retry-after\":\"7\"},\"body\":\"{}\"}");
        PayNowException.RateLimited refusal = lookupFails(PayNowException.RateLimited.class, builder -> builder);
        assertEquals(Optional.of(Duration.ofSeconds(7)), refusal.retryAfter());
        assertEquals(Status.RATE_LIMITED, refusal.status());
    }

    @Test
    void deadlinesEndWhatHangs() {
        sandbox.hang();
        PayNowException.Timeout late =
                lookupFails(PayNowException.Timeout.class, builder -> builder.deadline(Duration.ofMillis(200)));
        assertEquals(Sent.MAYBE, late.sent());
        try (PayNowClient client = client()) {
            failure(PayNowException.Timeout.class, client.deadline(Duration.ofMillis(50)).lookupCustomer(NOTCH));
        }
    }

    @Test
    void fullQueuesRefuseAtOnce() {
        sandbox.hang();
        try (PayNowClient client = client(builder -> builder.maxOutstanding(2))) {
            client.lookupCustomer(UUID.randomUUID());
            client.lookupCustomer(UUID.randomUUID());
            PayNowFuture<?> refused = client.lookupCustomer(UUID.randomUUID());
            assertTrue(refused.isDone());
            assertEquals(Sent.NEVER, failure(PayNowException.QueueFull.class, refused).sent());
            sandbox.reset();
            Waiting.until(() -> client.stats().outstanding() == 0, "the queue empties");
            value(client.lookupCustomer(NOTCH));
        }
    }

    @Test
    void aClientWithoutAKeySaysSo() {
        try (PayNowClient client = keyless().build()) {
            failure(PayNowException.MissingApiKey.class, client.lookupCustomer(NOTCH));
            value(client.authenticateCustomer(
                    new Authentication(AuthenticationPlatform.MINECRAFT_UUID, NOTCH.toString(), "203.0.113.7")));
        }
    }

    @Test
    void tagsAreCancelledTogether() {
        sandbox.hang();
        UUID player = UUID.randomUUID();
        try (PayNowClient client = client()) {
            List<PayNowFuture<?>> tagged = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                tagged.add(client.tag(player).lookupCustomer(UUID.randomUUID()));
            }
            PayNowFuture<?> plugin = client.tag("shop").lookupCustomer(UUID.randomUUID());
            PayNowFuture<?> other = client.lookupCustomer(UUID.randomUUID());
            assertEquals(10, client.cancelAll(player));
            tagged.forEach(future -> failure(PayNowException.Cancelled.class, future));
            assertFalse(plugin.isDone());
            assertEquals(1, client.cancelAll("shop"));
            failure(PayNowException.Cancelled.class, plugin);
            assertEquals(0, client.cancelAll("shop"));
            assertFalse(other.isDone());
        }
    }

    @Test
    void whatCannotBeReachedSaysWhy() {
        assertEquals(Status.CONNECT, lookupFails(
                PayNowException.Transport.class, builder -> builder.apiBase("http://127.0.0.1:1")).status());
        assertEquals(Status.RESOLVE, lookupFails(
                PayNowException.Transport.class, builder -> builder.apiBase("https://paynow.invalid")).status());
        assertEquals(Status.TLS, lookupFails(
                PayNowException.Transport.class,
                builder -> builder.apiBase(sandbox.base().replace("http:", "https:"))).status());
        sandbox.faults("{\"rules\":[{\"operation\":\"*\",\"reset_mid_body\":true}]}");
        assertEquals(Status.TRANSPORT,
                lookupFails(PayNowException.Transport.class, builder -> builder).status());
    }

    @Test
    void answersBeyondTheContractAreRefused() {
        sandbox.respond("lookup_customer", "{\"status\":200,\"body\":\"<html>\"}");
        assertEquals(Status.INVALID_RESPONSE,
                lookupFails(PayNowException.InvalidResponse.class, builder -> builder).status());
        sandbox.respond("lookup_customer", "{\"status\":404,\"body\":\"<html>\"}");
        lookupFails(PayNowException.InvalidResponse.class, builder -> builder);
        sandbox.reset();
        assertEquals(Status.RESPONSE_TOO_LARGE, lookupFails(
                PayNowException.InvalidResponse.class, builder -> builder.maxResponseBytes(50)).status());
    }

    @Test
    void anApiThatIsDownIsNotAskedAgainAndAgain() {
        sandbox.respond("*", "{\"status\":500,\"body\":\"{}\"}");
        try (PayNowClient client = client(builder -> builder.circuitThreshold(3))) {
            List<Class<?>> seen = new ArrayList<>();
            Waiting.until(() -> {
                try {
                    value(client.lookupCustomer(UUID.randomUUID()));
                } catch (AssertionError e) {
                    seen.add(e.getCause().getClass());
                }
                return seen.contains(PayNowException.Unavailable.class);
            }, "the circuit opens");
            assertTrue(client.stats().circuitOpen());
        }
    }

    @Test
    void closingEndsEverythingPending() {
        sandbox.hang();
        PayNowClient client = client();
        List<PayNowFuture<?>> pending = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            pending.add(client.lookupCustomer(UUID.randomUUID()));
        }
        client.close();
        for (PayNowFuture<?> future : pending) {
            assertTrue(future.isDone());
            failure(PayNowException.Closed.class, future);
        }
        assertTrue(client.isClosed());
        failure(PayNowException.Closed.class, client.lookupCustomer(NOTCH));
        assertEquals(0, client.cancelAll("no-such-tag"));
        assertEquals(0, client.stats().submitted());
        client.close();
    }

    @Test
    void anAnswerThatCannotBeReadFailsItsFutureAlone() {
        PayNowFuture<String> future = new PayNowFuture<>(null, null, Calls.PLAIN, completion -> {
            throw new ClassCastException("a test wants it");
        });
        future.arrived(Completion.of(Status.OK, null));
        assertEquals(Status.INTERNAL, failure(PayNowException.Internal.class, future).status());
        PayNowFuture<String> fault = new PayNowFuture<>(null, null, Calls.PLAIN, completion -> "");
        fault.arrived(Completion.of(Status.INTERNAL, "a fault"));
        failure(PayNowException.Internal.class, fault);
    }

    private static void refuses(String name, Executable call) {
        String message = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(message.startsWith(name + " "), message);
    }

    @Test
    void argumentsAreRefusedByName() {
        try (PayNowClient client = client()) {
            refuses("customerId", () -> client.getCustomer(null));
            refuses("customerId", () -> client.getCustomer("abc"));
            refuses("minecraftUuid", () -> client.lookupCustomer((UUID) null));
            refuses("key", () -> client.lookupCustomer((LookupKey) null));
            refuses("steamId", () -> client.lookupCustomer(LookupKey.steamId("STEAM_0:1")));
            refuses("minecraftJavaName", () -> client.lookupCustomer(LookupKey.minecraftJavaName("")));
            refuses("minecraftJavaName", () -> client.lookupCustomer(LookupKey.minecraftJavaName("a\ud83d")));
            refuses("name", () -> client.lookupCustomer(LookupKey.name("\udd25".repeat(200))));
            refuses("search", () -> client.listCustomers(CustomerQuery.all().search("\ud83d")));
            refuses("limit", () -> client.listCustomers(CustomerQuery.all().limit(101)));
            refuses("limit", () -> client.listCustomers(CustomerQuery.all().limit(0)));
            refuses("after", () -> client.listCustomers(CustomerQuery.all().after("x")));
            refuses("xboxXuid", () -> client.createCustomer(CustomerFields.builder().xboxXuid("x").build()));
            refuses("customers", () -> client.bulkCreateCustomers(List.of()));
            CustomerFields good = CustomerFields.builder().name("a").build();
            refuses("customers", () -> client.bulkCreateCustomers(Collections.nCopies(201, good)));
            refuses("customers[1].steamId", () -> client.bulkCreateCustomers(
                    List.of(good, CustomerFields.builder().steamId("x").build())));
            refuses("customerIp", () -> client.authenticateCustomer(
                    new Authentication(AuthenticationPlatform.PAYNOW, "a", "localhost")));
            refuses("customerIp", () -> client.authenticateCustomer(
                    new Authentication(AuthenticationPlatform.PAYNOW, "a", null)));
            refuses("customerCountryCode", () -> client.authenticateCustomer(
                    new Authentication(AuthenticationPlatform.PAYNOW, "a", "::1", "en-US")));
            refuses("platform", () -> client.authenticateCustomer(new Authentication(null, "a", "::1")));
            refuses("customerToken", () -> client.getCurrentCustomer(null));
            refuses("customerToken", () -> client.getCurrentCustomer(CustomerToken.of("a\r\nb")));
            refuses("code", () -> client.lookupGiftcard(CustomerToken.of("t"), ".."));
            refuses("path", () -> client.request(ApiRequest.get("//elsewhere")));
            refuses("json", () -> client.request(ApiRequest.post("/v1/x", "{")));
            refuses("player", () -> client.lookupPlayer(new Player(null, null, null, null)));
            refuses("minecraftUuid", () -> client.ensureCustomer(Player.of(new UUID(0, 0), "a")));
            refuses("deadline", () -> client.deadline(Duration.ZERO));
            assertEquals(0, client.stats().outstanding(), "what was refused holds no place");
        }
    }

    @Test
    void settingsAreRefusedByName() {
        refuses("storeId", () -> PayNowClient.builder("my-store").build());
        refuses("storeId", () -> PayNowClient.builder(null).build());
        refuses("apiKey", () -> client(builder -> builder.apiKey("a b")));
        refuses("apiKey", () -> client(builder -> builder.apiKeyEnv("PATH")));
        refuses("apiKeyEnv", () -> PayNowClient.builder(Sandbox.STORE).apiKeyEnv("PAYNOW_NOT_SET").build());
        refuses("apiKeyFile",
                () -> PayNowClient.builder(Sandbox.STORE).apiKeyFile(java.nio.file.Path.of("/no/such/file")).build());
        assertTrue(assertThrows(IllegalArgumentException.class,
                () -> PayNowClient.builder(Sandbox.STORE).apiKeyEnv("PAYNOW_NOT_SET").build()).getMessage().contains("PAYNOW_NOT_SET"));
        assertTrue(assertThrows(IllegalArgumentException.class,
                () -> PayNowClient.builder(Sandbox.STORE).apiKeyFile(java.nio.file.Path.of("/no/such/file")).build())
                .getMessage().contains("/no/such/file"));
        refuses("apiBase", () -> client(builder -> builder.apiBase("http://api.paynow.gg")));
        refuses("deadline", () -> client(builder -> builder.deadline(Duration.ZERO)));
        refuses("deadline", () -> client(builder -> builder.deadline(Duration.ofSeconds(-1))));
        refuses("maxOutstanding", () -> client(builder -> builder.maxOutstanding(0)));
        refuses("maxOutstanding", () -> client(builder -> builder.maxOutstanding(Integer.MAX_VALUE)));
        refuses("maxWorkers", () -> client(builder -> builder.maxWorkers(-1)));
        refuses("warmConnections", () -> client(builder -> builder.warmConnections(-1)));
        refuses("warmConnections", () -> client(builder -> builder.maxWorkers(2).warmConnections(3)));
        refuses("rateLimit", () -> client(builder -> builder.rateLimit(Double.NaN, 1)));
        refuses("caFile", () -> client(builder -> builder.caFile(java.nio.file.Path.of("/no/such/file"))));
        refuses("proxy", () -> client(builder -> builder.proxy("socks5://x")));
    }

    @Test
    void everySettingIsAccepted() {
        try (PayNowClient client = builder()
                .userAgent("Test/1").bedrockPrefix("*").sendBedrockPrefix(true).offlinePlayersByUuid(true)
                .deadline(Duration.ofSeconds(20)).connectTimeout(Duration.ofSeconds(2)).maxOutstanding(100).maxWorkers(4)
                .warmConnections(2)
                .maxResponseBytes(1 << 20).maxHeldBytes(1 << 22).maxAttempts(2).retryBase(Duration.ofMillis(10))
                .circuitThreshold(0).rateLimit(1_000, 100).cacheTtl(Duration.ofMinutes(1))
                .cacheNegativeTtl(Duration.ofSeconds(1)).cacheStale(Duration.ofMinutes(2)).cacheBytes(1 << 20)
                .logLevel(LogLevel.DEBUG).log((level, line) -> {}).build()) {
            value(client.lookupCustomer(NOTCH));
        }
    }

    @Test
    void noSecretIsShownAnywhere() {
        List<String> lines = Collections.synchronizedList(new ArrayList<>());
        String shown;
        CustomerToken token;
        try (PayNowClient client = client(builder ->
                builder.logLevel(LogLevel.DEBUG).log((level, line) -> lines.add(line)))) {
            PlayerToken both = value(client.tokenFor(Player.of(NOTCH, "Notch")));
            token = both.token();
            value(client.getCurrentCustomer(token));
            ApiRequest raw = ApiRequest.get("/v1/store/customer").as(token);
            value(client.request(raw));
            sandbox.respond("get_current_customer",
                    "{\"status\":401,\"body\":\"{\\\"message\\\":\\\"bad token " + token.value() + "\\\"}\"}");
            PayNowException refusal = failure(PayNowException.Api.class, client.getCurrentCustomer(token));
            shown = both + " " + token + " " + raw + " " + refusal + " " + refusal.apiMessage() + " "
                    + builder() + " " + Optional.of(token) + " " + client;
            assertThrows(IllegalArgumentException.class, () -> client.getCurrentCustomer(CustomerToken.of("se cret")));
            Waiting.until(() -> !lines.isEmpty(), "something is logged");
        }
        for (String text : List.of(shown, lines.toString())) {
            assertFalse(text.contains(token.value()), text);
            assertFalse(text.contains(Sandbox.KEY), text);
        }
        CompletableFuture<?> refused = CompletableFuture.runAsync(() ->
                assertThrows(IllegalArgumentException.class, () -> client(b -> b.apiKey("se\ncret"))));
        value(refused);
    }
}
