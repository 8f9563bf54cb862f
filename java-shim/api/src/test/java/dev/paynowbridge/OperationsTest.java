package dev.paynowbridge;

import static dev.paynowbridge.Waiting.failure;
import static dev.paynowbridge.Waiting.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.paynowbridge.sandbox.Sandbox;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every operation and every field, through the real library, against the real sandbox. */
class OperationsTest extends OnSandbox {
    private static final String NOTCH = "421621336637440000";
    private static final UUID NOTCH_UUID = UUID.fromString("069a79f4-44e9-4726-a5be-fca90e38aaf5");
    private static final String MIRA = "440116992540673366";
    private static final String UNKNOWN_ID = "400000000000000000";

    private PayNowClient client;

    @BeforeEach
    void open() {
        client = builder().build();
    }

    @AfterEach
    void close() {
        client.close();
    }

    @Test
    void theJvmWatchesEachCall() {
        assertTrue(java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments().contains("-Xcheck:jni"));
    }

    @Test
    void everyFieldOfACustomerArrives() {
        sandbox.respond("get_customer", """
                {"status":200,"body":"{\\"id\\":\\"1\\",\\"store_id\\":\\"2\\",\
                \\"profile\\":{\\"id\\":\\"p\\",\\"platform\\":\\"steam\\",\\"name\\":\\"P\\",\\"avatar_url\\":\\"https://a/p\\"},\
                \\"steam_id\\":76561198012345678,\\"steam\\":{\\"id\\":\\"s\\",\\"name\\":\\"S\\",\\"avatar_url\\":\\"https://a/s\\"},\
                \\"minecraft_uuid\\":\\"069a79f4-44e9-4726-a5be-fca90e38aaf5\\",\
                \\"minecraft\\":{\\"id\\":\\"m\\",\\"name\\":\\"M\\",\\"avatar_url\\":null},\
                \\"xbox_xuid\\":\\"2535432196048835\\",\\"minecraft_platform\\":\\"bedrock\\",\\"name\\":\\"春🔥\\",\
                \\"created_at\\":\\"2024-01-02T03:04:05.1234567Z\\",\\"updated_at\\":\\"soon\\",\
                \\"metadata\\":{\\"b\\":\\"2\\",\\"a\\":1,\\"gone\\":null},\\"new\\":{}}"}""");
        Customer customer = value(client.getCustomer("1")).orElseThrow();
        assertEquals("1", customer.id());
        assertEquals(Optional.of("2"), customer.storeId());
        Profile profile = customer.profile().orElseThrow();
        assertEquals(Optional.of("p"), profile.id());
        assertEquals(Optional.of("steam"), profile.platform());
        assertEquals(Optional.of("P"), profile.name());
        assertEquals(Optional.of("https://a/p"), profile.avatarUrl());
        assertEquals(Optional.of("76561198012345678"), customer.steamId());
        assertEquals(Optional.of("S"), customer.steam().orElseThrow().name());
        assertEquals(Optional.empty(), customer.steam().orElseThrow().platform());
        assertEquals(Optional.of(NOTCH_UUID.toString()), customer.minecraftUuid());
        assertEquals(Optional.of("m"), customer.minecraft().orElseThrow().id());
        assertEquals(Optional.empty(), customer.minecraft().orElseThrow().avatarUrl());
        assertEquals(Optional.of("2535432196048835"), customer.xboxXuid());
        assertEquals(Optional.of(MinecraftPlatform.BEDROCK), customer.minecraftPlatform());
        assertEquals(Optional.of("春🔥"), customer.name());
        assertEquals(Optional.of(Instant.parse("2024-01-02T03:04:05.123Z")), customer.createdAt());
        assertEquals(Optional.of("2024-01-02T03:04:05.1234567Z"), customer.createdAtText());
        assertEquals(Optional.empty(), customer.updatedAt());
        assertEquals(Optional.of("soon"), customer.updatedAtText());
        assertEquals(List.of("a=1", "b=2"), customer.metadata().entrySet().stream().map(Object::toString).toList());
        assertThrows(UnsupportedOperationException.class, () -> customer.metadata().clear());
    }

    @Test
    void aBareCustomerHasNothingButAnId() {
        sandbox.respond("get_customer", "{\"status\":200,\"body\":\"{\\\"id\\\":7,\\\"name\\\":null}\"}");
        Customer customer = value(client.getCustomer("7")).orElseThrow();
        assertEquals("7", customer.id());
        for (Optional<?> absent : List.of(
                customer.storeId(), customer.steamId(), customer.minecraftUuid(), customer.xboxXuid(), customer.name(),
                customer.minecraftPlatform(), customer.createdAt(), customer.createdAtText(), customer.updatedAt(),
                customer.updatedAtText(), customer.profile(), customer.steam(), customer.minecraft())) {
            assertEquals(Optional.empty(), absent);
        }
        assertEquals(Map.of(), customer.metadata());
    }

    @Test
    void customersAreFoundByEveryKey() {
        for (LookupKey key : List.of(
                LookupKey.customerId(MIRA),
                LookupKey.minecraftUuid(UUID.fromString("d4e8a1b7-52c3-4f96-8a0d-7c19e3b5f264")),
                LookupKey.xboxXuid("2533274790395904"),
                LookupKey.xboxXuid(2533274790395904L),
                LookupKey.steamId("76561198087654321"),
                LookupKey.steamId(76561198087654321L),
                LookupKey.minecraftJavaName("MiraMines"),
                LookupKey.name("Mira"))) {
            assertEquals(MIRA, value(client.lookupCustomer(key)).orElseThrow().id(), key.toString());
        }
        assertEquals(NOTCH, value(client.lookupCustomer(NOTCH_UUID)).orElseThrow().id());
        assertEquals("433322870177794185",
                value(client.lookupCustomer(LookupKey.minecraftBedrockName("PixelPia"))).orElseThrow().id());
        assertEquals(Optional.empty(), value(client.lookupCustomer(UUID.randomUUID())));
        assertEquals(Optional.empty(), value(client.getCustomer(UNKNOWN_ID)));
    }

    @Test
    void namesOfEveryScriptCross() {
        for (String name : List.of("🔥Ember🔥", "Grünes Bäumchen", "春の山")) {
            Player player = Player.named(name);
            Customer made = value(client.createCustomer(CustomerFields.builder()
                    .name(name)
                    .minecraftPlatform(MinecraftPlatform.JAVA)
                    .build()));
            assertEquals(Optional.of(name), made.name());
            assertTrue(value(client.lookupCustomer(LookupKey.name(name))).isPresent(), player.toString());
        }
    }

    @Test
    void listsHaveLimitsCursorsOrderAndSearch() {
        List<Customer> oldest = value(client.listCustomers(CustomerQuery.all().limit(3).ascending(true)));
        assertEquals(3, oldest.size());
        assertEquals(NOTCH, oldest.get(0).id());
        List<Customer> next = value(client.listCustomers(
                CustomerQuery.all().limit(100).ascending(true).after(oldest.get(2).id())));
        assertFalse(next.contains(oldest.get(2)));
        List<Customer> before = value(client.listCustomers(
                CustomerQuery.all().ascending(true).before(oldest.get(2).id())));
        assertEquals(oldest.subList(0, 2), before);
        List<Customer> newest = value(client.listCustomers(CustomerQuery.all().limit(100).ascending(false)));
        assertEquals(NOTCH, newest.get(newest.size() - 1).id());
        assertTrue(value(client.listCustomers(CustomerQuery.all().search("MiraMines"))).stream()
                .anyMatch(customer -> customer.id().equals(MIRA)));
    }

    @Test
    void listsHoldTheCustomersThatAreNamed() {
        List<Customer> both = value(client.listCustomers(CustomerQuery.all().customerIds(List.of(MIRA, NOTCH, "1")).ascending(true)));
        assertEquals(List.of(NOTCH, MIRA), both.stream().map(Customer::id).toList());
        List<String> asked = both.stream().map(Customer::id).collect(Collectors.toCollection(ArrayList::new));
        CustomerQuery query = CustomerQuery.all().limit(1).customerIds(asked);
        asked.clear();
        assertEquals(1, value(client.listCustomers(query)).size());
        assertEquals(1, value(client.listCustomers(query.customerIds(null))).size());

        refuses("customerIds must not be empty", CustomerQuery.all().customerIds(List.of()));
        refuses("customerIds must not be more than 100", CustomerQuery.all().customerIds(Collections.nCopies(101, MIRA)));
        refuses("customerIds[1] must be a PayNow id", CustomerQuery.all().customerIds(List.of(MIRA, "x")));
        assertThrows(NullPointerException.class, () -> CustomerQuery.all().customerIds(Arrays.asList(MIRA, null)));
        assertThrows(IllegalArgumentException.class, () -> client.customerPages(query));
    }

    private void refuses(String words, CustomerQuery query) {
        String said = assertThrows(IllegalArgumentException.class, () -> client.listCustomers(query)).getMessage();
        assertTrue(said.startsWith(words), said);
    }

    @Test
    void updatesLeaveClearAndSet() {
        UUID uuid = UUID.randomUUID();
        Customer made = value(client.createCustomer(CustomerFields.builder()
                .steamId("76561198000000123")
                .minecraftUuid(uuid)
                .minecraftPlatform(MinecraftPlatform.JAVA)
                .xboxXuid("2535400000000001")
                .name("Before")
                .metadata(Map.of("rank", "vip", "emoji", "🔥"))
                .build()));
        assertEquals(Optional.of("76561198000000123"), made.steamId());
        assertEquals(Optional.of(uuid.toString()), made.minecraftUuid());
        assertEquals(Optional.of("2535400000000001"), made.xboxXuid());
        assertEquals(Map.of("rank", "vip", "emoji", "🔥"), made.metadata());

        Customer same = value(client.updateCustomer(made.id(), CustomerFields.builder().build()));
        assertEquals(Optional.of("Before"), same.name());
        assertEquals(made.metadata(), same.metadata());

        Customer set = value(client.updateCustomer(made.id(), CustomerFields.builder().name("After").build()));
        assertEquals(Optional.of("After"), set.name());
        assertEquals(made.xboxXuid(), set.xboxXuid());

        Customer cleared = value(client.updateCustomer(
                made.id(),
                CustomerFields.builder().clearMinecraftUuid().clearXboxXuid().clearName().clearMetadata().build()));
        assertEquals(Optional.empty(), cleared.minecraftUuid());
        assertEquals(Optional.empty(), cleared.xboxXuid());
        assertEquals(Optional.empty(), cleared.name());
        assertEquals(Map.of(), cleared.metadata());
        assertEquals(Optional.of("76561198000000123"), cleared.steamId());

        Customer empty = value(client.updateCustomer(
                made.id(), CustomerFields.builder().metadata(Map.of()).build()));
        assertEquals(Map.of(), empty.metadata());
    }

    @Test
    void tokensAreMintedUsedAndRevoked() {
        CustomerToken token = value(client.createCustomerToken(NOTCH));
        assertEquals(NOTCH, value(client.getCurrentCustomer(token)).id());
        assertEquals(NOTCH, value(client.getCurrentCustomer(CustomerToken.of(token.value()))).id());
        value(client.invalidateCustomerTokens(NOTCH));
        assertEquals(Status.UNAUTHORIZED,
                failure(PayNowException.Api.class, client.getCurrentCustomer(token)).status());
    }

    @Test
    void bulksAreCreated() {
        List<CustomerFields> wanted = java.util.stream.IntStream.range(0, 200)
                .mapToObj(i -> CustomerFields.builder()
                        .minecraftUuid(new UUID(0x4000L | 1L << 32, 0x8000000000000000L | i))
                        .minecraftPlatform(MinecraftPlatform.JAVA)
                        .metadata(Map.of("number", Integer.toString(i)))
                        .build())
                .toList();
        List<Customer> made = value(client.bulkCreateCustomers(wanted));
        assertEquals(200, made.size());
        assertEquals("199", made.get(199).metadata().get("number"));
        assertNotEquals(made.get(0), made.get(1));
    }

    @Test
    void platformAccountsAreAuthenticated() {
        CustomerToken token = value(client.authenticateCustomer(new Authentication(
                AuthenticationPlatform.MINECRAFT_UUID, NOTCH_UUID.toString(), "203.0.113.7", "DE")));
        assertEquals(NOTCH, value(client.getCurrentCustomer(token)).id());
        value(client.authenticateCustomer(
                new Authentication(AuthenticationPlatform.STEAM, "76561198012345678", "2001:db8::1")));
    }

    @Test
    void giftCardsHaveEveryField() {
        CustomerToken token = value(client.createCustomerToken(NOTCH));
        GiftCard card = value(client.lookupGiftcard(token, "GIFT-1275-MIRA")).orElseThrow();
        assertEquals("GIFT-1275-MIRA", card.code());
        assertEquals(1275, card.balance());
        assertEquals(2000, card.startingBalance());
        assertTrue(card.expiresAtText().orElseThrow().startsWith("2031-01-01"));
        assertTrue(card.expiresAt().orElseThrow().isAfter(Instant.parse("2030-12-30T00:00:00Z")));
        GiftCard endless = value(client.lookupGiftcard(token, "GIFT-2500-ALEX")).orElseThrow();
        assertEquals(Optional.empty(), endless.expiresAt());
        assertEquals(Optional.empty(), endless.expiresAtText());
        assertEquals(1000, value(client.lookupGiftcard(token, "SUMMER 24/ÄÖ")).orElseThrow().balance());
        assertEquals(Optional.empty(), value(client.lookupGiftcard(token, "NO-SUCH-CARD")));
    }

    @Test
    void anyOtherOperationCanBeAsked() {
        ApiResponse got = value(client.request(ApiRequest.get("/v1/stores/{store_id}/customers/" + NOTCH)));
        assertEquals(200, got.httpStatus());
        assertTrue(got.json().contains(NOTCH));
        ApiResponse made = value(client.request(ApiRequest.post(
                "/v1/stores/{store_id}/customers", "{\"name\":\"raw\",\"minecraft_platform\":\"java\"}")));
        assertTrue(made.json().contains("\"raw\""));
        CustomerToken token = value(client.createCustomerToken(NOTCH));
        ApiResponse own = value(client.request(ApiRequest.get("/v1/store/customer").as(token)));
        assertTrue(own.json().contains(NOTCH));
        ApiResponse revoked = value(client.request(
                ApiRequest.of("DELETE", "/v1/stores/{store_id}/customers/" + NOTCH + "/tokens", null)));
        assertEquals("", revoked.json());
        assertEquals(204, revoked.httpStatus());
        assertEquals(Status.UNAUTHORIZED,
                failure(PayNowException.Api.class,
                        client.request(ApiRequest.get("/v1/stores/{store_id}/customers").withoutAuthorization())).status());
    }

    @Test
    void playersAreFoundEnsuredAndGivenTokens() {
        assertEquals(NOTCH, value(client.lookupPlayer(Player.of(NOTCH_UUID, "Notch"))).orElseThrow().id());
        assertEquals("433322870177794185", value(client.lookupPlayer(Player.of(
                UUID.fromString("00000000-0000-0000-0009-01f64f65c7c3"), ".PixelPia"))).orElseThrow().id());
        assertEquals("433322870177794185",
                value(client.lookupPlayer(Player.ofXbox(2535432196048835L))).orElseThrow().id());
        assertEquals("424710168903683004",
                value(client.lookupPlayer(Player.ofSteam("76561198012345678"))).orElseThrow().id());
        Player fresh = Player.of(UUID.randomUUID(), "Fresh");
        assertEquals(Optional.empty(), value(client.lookupPlayer(fresh)));
        Customer made = value(client.ensureCustomer(fresh));
        assertEquals(made.id(), value(client.ensureCustomer(fresh)).id());
        PlayerToken both = value(client.tokenFor(fresh));
        assertEquals(made.id(), both.customer().id());
        assertEquals(made.id(), value(client.getCurrentCustomer(both.token())).id());
    }

    @Test
    void whatIsRememberedCanBePeekedAt() {
        LookupKey key = LookupKey.minecraftUuid(NOTCH_UUID);
        assertEquals(Optional.empty(), client.peek(key));
        Customer asked = value(client.lookupCustomer(key)).orElseThrow();
        assertEquals(Optional.of(asked), client.peek(key).orElseThrow().customer());
        assertEquals(Optional.of(asked), client.peek(NOTCH_UUID).orElseThrow().customer());
        assertEquals(Optional.of(asked), client.peek(Player.of(NOTCH_UUID, "Notch")).orElseThrow().customer());
        LookupKey unknown = LookupKey.minecraftJavaName("no_such_player");
        value(client.lookupCustomer(unknown));
        assertEquals(Optional.empty(), client.peek(unknown).orElseThrow().customer());
        client.close();
        assertEquals(Optional.empty(), client.peek(key));
    }

    @Test
    void metricsAreTextHoweverLongItIs() {
        assertTrue(client.metrics().contains("\npaynow_requests_submitted_total 0\n"));
        value(client.lookupCustomer(NOTCH_UUID));
        String id = value(client.lookupCustomer(NOTCH_UUID)).orElseThrow().id();
        value(client.getCustomer(id));
        value(client.listCustomers(CustomerQuery.all()));
        value(client.createCustomerToken(id));
        value(client.invalidateCustomerTokens(id));
        value(client.ensureCustomer(Player.of(NOTCH_UUID, "Notch")));
        value(client.tokenFor(Player.of(NOTCH_UUID, "Notch")));
        value(client.updateCustomer(id, CustomerFields.builder().name("Another").build()));
        String text = client.metrics();
        assertTrue(text.length() > 16 * 1024, "longer than the first buffer");
        assertTrue(text.contains("\npaynow_answer_seconds_count{operation=\"lookup_customer\",outcome=\"ok\"} 2\n"), text);
        assertTrue(text.contains("\npaynow_queue_seconds_count{operation=\"update_customer\",outcome=\"ok\"} 1\n"), text);
        assertTrue(text.endsWith("\n# EOF\n"), text);
        assertFalse(text.contains(Sandbox.KEY));
        String[] dump = client.dump().split("\n");
        assertEquals(10, dump.length);
        assertTrue(dump[0].startsWith("{\"paynow_dump\":1,"), dump[0]);
        assertTrue(dump[9].startsWith("{\"n\":9,\"operation\":\"update_customer\""), dump[9]);
        assertFalse(String.join("", dump).contains(Sandbox.KEY) || String.join("", dump).contains("Another"));
        client.close();
        assertEquals("", client.metrics());
        assertEquals("", client.dump());
        try (PayNowClient without = builder().flightRecorder(false).build()) {
            value(without.lookupCustomer(NOTCH_UUID));
            assertEquals(1, without.dump().lines().count());
        }
    }

    @Test
    void whatWasPeekedAtStaysTheSameObjectUntilTheAnswerIsAnother() {
        Customer before = value(client.lookupCustomer(NOTCH_UUID)).orElseThrow();
        Optional<Remembered> first = client.peek(NOTCH_UUID);
        assertSame(first, client.peek(NOTCH_UUID));
        assertSame(first, client.peek(Player.of(NOTCH_UUID, "Notch")));
        ClientStats stats = client.stats();
        assertEquals(List.of(4L, 4L, 4L, 3L), List.of(stats.submitted(), stats.completedOk(), stats.delivered(), stats.cacheHits()));
        assertEquals(0, stats.outstanding());
        value(client.updateCustomer(before.id(), CustomerFields.builder().name("Another").build()));
        assertEquals(Optional.empty(), client.peek(NOTCH_UUID));
        value(client.lookupCustomer(NOTCH_UUID));
        assertEquals(Optional.of("Another"), client.peek(NOTCH_UUID).orElseThrow().customer().orElseThrow().name());
        assertEquals(Optional.of(before), first.orElseThrow().customer());
    }

    @Test
    void whatIsLongIsRememberedWhole() {
        String value = "x".repeat(60_000);
        Customer made = value(client.createCustomer(CustomerFields.builder()
                .steamId("76561198000000999")
                .metadata(Map.of("long", value))
                .build()));
        LookupKey key = LookupKey.customerId(made.id());
        value(client.lookupCustomer(key));
        assertEquals(value, client.peek(key).orElseThrow().customer().orElseThrow().metadata().get("long"));
    }

    @Test
    void detailsAndNumbersTellWhatHappened() {
        PayNowFuture<Optional<Customer>> first = client.deadline(Duration.ofSeconds(30)).lookupCustomer(NOTCH_UUID);
        value(first);
        CallDetails details = first.details().orElseThrow();
        assertEquals(Operation.LOOKUP_CUSTOMER, details.operation());
        assertEquals(Status.OK, details.status());
        assertEquals(200, details.httpStatus());
        assertEquals(1, details.attempts());
        assertEquals(Sent.ANSWERED, details.sent());
        assertEquals(Source.NETWORK, details.source());
        assertTrue(details.network().toNanos() > 0);
        PayNowFuture<Optional<Customer>> second = client.inBackground().lookupCustomer(NOTCH_UUID);
        value(second);
        assertEquals(Source.CACHE, second.details().orElseThrow().source());
        ClientStats stats = client.stats();
        assertEquals(2, stats.submitted());
        assertEquals(2, stats.completedOk());
        assertEquals(1, stats.cacheHits());
        assertEquals(1, stats.connectionsOpened());
        assertEquals(1, stats.cacheEntries());
        assertFalse(stats.circuitOpen());
    }

    @Test
    void keysAreRotatedOnALiveClient() {
        client.setApiKey("pnapi_wrong");
        failure(PayNowException.Api.class, client.getCustomer(MIRA));
        client.setApiKey("APIKey " + Sandbox.KEY);
        assertTrue(value(client.getCustomer(MIRA)).isPresent());
        assertThrows(IllegalArgumentException.class, () -> client.setApiKey(null));
    }
}
