package dev.paynowbridge;

import static dev.paynowbridge.Waiting.failure;
import static dev.paynowbridge.Waiting.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.paynowbridge.sandbox.Redis;
import dev.paynowbridge.sandbox.Sandbox;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients that share a Redis. */
class NetworkTest extends OnSandbox {
    private static final UUID NOTCH = UUID.fromString("069a79f4-44e9-4726-a5be-fca90e38aaf5");
    private static final UUID UNKNOWN = new UUID(0x4000L, 0x8000000000000000L);
    private static final String PASSWORD = "pnpw_network";
    /** Where no server is. */
    private static final String NOWHERE = "127.0.0.1:1";

    private static PayNowClient client(NetworkConfig network) {
        return builder().deadline(Duration.ofMinutes(1)).network(network).build();
    }

    private static NetworkConfig nowhere() {
        return NetworkConfig.at(NOWHERE);
    }

    /** A busy machine may keep a client waiting for longer than it waits by default. */
    private static NetworkConfig at(Redis redis) {
        return NetworkConfig.at(redis.address()).timeout(Duration.ofSeconds(10));
    }

    private static Redis redis(String password) {
        assumeTrue(Redis.program().isPresent(), "redis-server is not installed");
        return Redis.start(password);
    }

    private static PayNowClient joined(NetworkConfig network) {
        PayNowClient client = client(network);
        Waiting.until(() -> client.stats().networkUp(), "the network answers");
        return client;
    }

    private static Source source(PayNowFuture<?> answer) {
        value(answer);
        return answer.details().orElseThrow().source();
    }

    private static String refused(NetworkConfig network) {
        PayNowClient.Builder builder = builder().network(network);
        return assertThrows(IllegalArgumentException.class, builder::build).getMessage();
    }

    // What cannot be used.

    @Test
    void whatCannotBeUsedIsRefusedByName(@TempDir Path folder) {
        Map<String, NetworkConfig> wrong = Map.ofEntries(
                Map.entry("network.addresses ", NetworkConfig.at("redis://a")),
                Map.entry("network.addresses must name", NetworkConfig.at("")),
                Map.entry("network.addresses must have a port", NetworkConfig.at("a,b:0")),
                Map.entry("network.user ", nowhere().user("a b")),
                Map.entry("network.password ", nowhere().password("a\nb")),
                Map.entry("network.passwordEnv ", nowhere().passwordEnv("NOT_A_VARIABLE_OF_THIS_PROCESS")),
                Map.entry("network.passwordFile ", nowhere().passwordFile(folder.resolve("missing"))),
                Map.entry("network.password must be given in one way", nowhere().password("a").passwordEnv("b")),
                Map.entry("network.caFile ", nowhere().caFile(folder.resolve("missing.pem"))),
                Map.entry("network.serverName ", nowhere().serverName("a b")),
                Map.entry("network.sentinelName ", nowhere().sentinelName("a\u0007")),
                Map.entry("network.id ", nowhere().id("a b")),
                Map.entry("network.timeout ", nowhere().timeout(Duration.ofMillis(10_001))));
        wrong.forEach((words, network) -> {
            String message = refused(network);
            assertTrue(message.startsWith(words), message);
        });
        PayNowClient.Builder keyless = keyless().network(nowhere());
        String message = assertThrows(IllegalArgumentException.class, keyless::build).getMessage();
        assertTrue(message.startsWith("network needs an API key"), message);
    }

    @Test
    void whatCannotBeIsRefusedAtOnce() {
        Map<String, Runnable> wrong = Map.of(
                "network is required", () -> builder().network(null),
                "network.addresses is required", () -> NetworkConfig.at(null),
                "network.timeout is required", () -> nowhere().timeout(null),
                "network.timeout must not be negative", () -> nowhere().timeout(Duration.ofSeconds(Long.MIN_VALUE)),
                "network.database must not be negative", () -> nowhere().database(-1));
        wrong.forEach((words, set) ->
                assertEquals(words, assertThrows(IllegalArgumentException.class, set::run).getMessage()));
    }

    @Test
    void nothingShowsThePassword(@TempDir Path folder) throws IOException {
        NetworkConfig network = nowhere().user(PASSWORD).password(PASSWORD);
        assertEquals("NetworkConfig", network.toString());
        assertFalse(builder().network(network).toString().contains("pnpw_"));
        Path open = Files.writeString(folder.resolve("open"), PASSWORD);
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-r--r--"));
        Path lines = Files.writeString(folder.resolve("long"), PASSWORD + "\n" + PASSWORD);
        Files.setPosixFilePermissions(lines, PosixFilePermissions.fromString("rw-------"));
        // In the right place and in wrong ones.
        for (NetworkConfig wrong : List.of(
                NetworkConfig.at(PASSWORD + "@a"), nowhere().password(PASSWORD + "\u0001"), nowhere().passwordEnv(PASSWORD),
                nowhere().passwordFile(Path.of(PASSWORD)), nowhere().passwordFile(open), nowhere().passwordFile(lines),
                nowhere().user(PASSWORD + " "), nowhere().password(PASSWORD).passwordFile(lines),
                nowhere().id(PASSWORD + "!"), nowhere().serverName(PASSWORD + " "))) {
            String message = refused(wrong);
            assertFalse(message.contains("pnpw_"), "it shows the password");
        }
    }

    @Test
    void theBuilderHasACopy() {
        NetworkConfig network = nowhere();
        PayNowClient.Builder builder = builder().network(network);
        network.id("a b");
        builder.build().close();
        // And what was said before is gone.
        builder.network(network.user("a b")).network(nowhere()).build().close();
    }

    // What the server hears: each member where it belongs.

    /** What a client says to the first server that it reaches, before an answer. */
    private static String heard(UnaryOperator<NetworkConfig> set, Predicate<String> enough) throws IOException {
        try (ServerSocket server = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
            NetworkConfig network = set.apply(NetworkConfig.at(NOWHERE + ", 127.0.0.1:" + server.getLocalPort()));
            CompletableFuture<String> heard = CompletableFuture.supplyAsync(() -> listen(server, enough));
            try (PayNowClient client = client(network)) {
                return value(heard);
            }
        }
    }

    private static String listen(ServerSocket server, Predicate<String> enough) {
        StringBuilder said = new StringBuilder();
        try {
            while (true) {
                try (Socket socket = server.accept()) {
                    said.setLength(0);
                    InputStream in = socket.getInputStream();
                    byte[] piece = new byte[4096];
                    for (int length = in.read(piece); length > 0; length = in.read(piece)) {
                        said.append(new String(piece, 0, length, StandardCharsets.ISO_8859_1));
                        if (enough.test(said.toString())) {
                            return said.toString();
                        }
                    }
                }
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String words(String... words) {
        StringBuilder all = new StringBuilder();
        for (String word : words) {
            all.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
        }
        return all.toString();
    }

    /** Whether the server hears these words, whatever comes before and after them. */
    private static void hears(UnaryOperator<NetworkConfig> set, String... words) throws IOException {
        heard(set, said -> said.contains(words(words)));
    }

    @Test
    void theServerHearsUserAndPassword(@TempDir Path folder) throws IOException {
        hears(network -> network.user("ada").password(PASSWORD), "AUTH", "ada", PASSWORD);
        hears(network -> network.password(PASSWORD), "AUTH", "default", PASSWORD);
        Path file = Files.writeString(folder.resolve("password"), PASSWORD + "_of_a_file\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        hears(network -> network.user("ada").passwordFile(file), "AUTH", "ada", PASSWORD + "_of_a_file");
        Map.Entry<String, String> variable = System.getenv().entrySet().stream()
                .filter(entry -> entry.getValue().matches("[!-~]{1,200}"))
                .findFirst()
                .orElseThrow();
        hears(network -> network.user("ada").passwordEnv(variable.getKey()), "AUTH", "ada", variable.getValue());
        String without = heard(network -> network, said -> said.contains("SETNAME"));
        assertFalse(without.contains("AUTH"), without);
    }

    @Test
    void aSentinelIsAskedForTheMaster() throws IOException {
        hears(network -> network.sentinelName("the-master"), "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "the-master");
    }

    /** The first bytes of TLS, where the name that is wanted stands as it is. */
    private static boolean isTls(String said) {
        return said.charAt(0) == 0x16;
    }

    @Test
    void theConnectionIsEncryptedWhereItIsWanted(@TempDir Path folder) throws Exception {
        assertTrue(isTls(heard(network -> network.tls(true), said -> true)));
        assertFalse(isTls(heard(network -> network.tls(true).tls(false), said -> true)));
        heard(network -> network.serverName("redis.example"), said -> isTls(said) && said.contains("redis.example"));
        Path pem = Certificates.pem(folder, Certificates.store(folder));
        assertTrue(isTls(heard(network -> network.caFile(pem), said -> true)));
    }

    // With a real one.

    @Test
    void databaseAndIdAreWhereItIsKept() {
        try (Redis redis = redis("")) {
            NetworkConfig network = at(redis).database(3).id("of-a-test");
            try (PayNowClient client = joined(network)) {
                value(client.lookupCustomer(NOTCH));
                Waiting.until(() -> redis.ask(3, "KEYS", "*}:c:*").contains("paynowbridge:{" + Sandbox.STORE + "/of-a-test}:c:"),
                        "it is there");
                assertTrue(redis.ask(0, "DBSIZE").contains(":0"), "only there");
            }
        }
    }

    @Test
    void twoClientsShareAnAnswer() {
        try (Redis redis = redis(PASSWORD)) {
            NetworkConfig network = at(redis).password(PASSWORD);
            try (PayNowClient first = joined(network); PayNowClient second = joined(network)) {
                Waiting.until(() -> first.stats().networkServers() == 2 && second.stats().networkServers() == 2, "they know each other");
                for (UUID player : List.of(NOTCH, UNKNOWN)) {
                    assertEquals(Source.NETWORK, source(first.lookupCustomer(player)));
                    long hits = second.stats().networkHits();
                    PayNowFuture<?> known = second.lookupCustomer(player);
                    assertEquals(Source.OTHER_SERVER, source(known));
                    assertEquals(value(first.lookupCustomer(player)), value(known));
                    assertEquals(hits + 1, second.stats().networkHits());
                    assertEquals(Source.CACHE, source(second.lookupCustomer(player)));
                }
                assertEquals(2, sandbox.asked("lookup_customer"));
                ClientStats stats = second.stats();
                assertEquals(0, first.stats().networkHits());
                assertEquals(1, stats.networkConnections());
                assertTrue(stats.networkCommands() > 0 && stats.networkRoundTripUs() > 0, stats.toString());
                assertEquals(0, stats.networkRefused());
                assertEquals(0, stats.networkAlone());
            }
        }
    }

    @Test
    void oneAsksAndTheOtherWaits() {
        try (Redis redis = redis("")) {
            NetworkConfig network = at(redis);
            try (PayNowClient first = joined(network); PayNowClient second = joined(network)) {
                sandbox.hang();
                PayNowFuture<?> asked = first.lookupCustomer(NOTCH);
                Waiting.until(() -> first.stats().workersBusy() == 1 && redis.ask(0, "KEYS", "*:l:*").contains(":l:"), "it is asked");
                PayNowFuture<?> waiting = second.lookupCustomer(NOTCH);
                Waiting.until(() -> second.stats().networkWaits() > 0, "the other waits");
                sandbox.faults("{}");
                assertEquals(Source.NETWORK, source(asked));
                assertEquals(Source.OTHER_SERVER, source(waiting));
                assertEquals(1, sandbox.asked("lookup_customer"));
                assertEquals(0, first.stats().networkWaits());
            }
        }
    }

    @Test
    void aSlowOneIsWaitedForAsLongAsIsSaid() {
        try (Redis redis = redis("")) {
            NetworkConfig network = at(redis);
            try (PayNowClient first = joined(network); PayNowClient second = joined(network)) {
                value(first.lookupCustomer(NOTCH));
                Waiting.until(() -> redis.ask(0, "KEYS", "*:c:*").contains(":c:"), "it is there");
                // Several times as long as it is waited for by default.
                redis.pause(400);
                assertEquals(Source.OTHER_SERVER, source(second.lookupCustomer(NOTCH)));
                assertEquals(0, second.stats().networkAlone());
            }
        }
    }

    @Test
    void theRateIsThatOfAll() {
        try (Redis redis = redis("")) {
            NetworkConfig network = at(redis);
            PayNowClient.Builder slow = builder().rateLimit(0.02, 1).network(network);
            try (PayNowClient first = slow.build(); PayNowClient second = slow.build()) {
                Waiting.until(() -> first.stats().networkUp() && second.stats().networkUp(), "the network answers");
                value(first.lookupCustomer(NOTCH));
                failure(PayNowException.RateLimited.class, second.lookupCustomer(UNKNOWN));
                assertEquals(1, second.stats().networkRefused());
                assertEquals(0, first.stats().networkRefused());
                assertEquals(1, sandbox.asked("lookup_customer"));
            }
        }
    }

    @Test
    void withoutItEachIsAlone() {
        List<String> log = new CopyOnWriteArrayList<>();
        try (Redis redis = redis(PASSWORD);
                PayNowClient client = builder()
                        .network(at(redis).password(PASSWORD))
                        .log((level, line) -> log.add(line))
                        .build();
                PayNowClient lockedOut = builder()
                        .network(at(redis).password(PASSWORD + "_wrong"))
                        .log((level, line) -> log.add(line))
                        .build()) {
            BooleanSupplier refused = () -> log.stream().anyMatch(line -> line.contains("does not accept user and password"));
            Waiting.until(refused, "the log says why");
            assertFalse(lockedOut.stats().networkUp());
            Waiting.until(() -> client.stats().networkUp(), "the network answers");
            redis.close();
            Waiting.until(() -> !client.stats().networkUp(), "it is gone");
            assertEquals(Source.NETWORK, source(client.lookupCustomer(NOTCH)));
            assertTrue(client.stats().networkAlone() > 0, client.stats().toString());
        }
        assertFalse(log.toString().contains("pnpw_"), "the log holds the password");
    }

    @Test
    void withoutANetworkItsNumbersAreZero() {
        try (PayNowClient client = builder().build()) {
            value(client.lookupCustomer(NOTCH));
            ClientStats stats = client.stats();
            assertFalse(stats.networkUp());
            assertEquals(0, stats.networkServers() + stats.networkRoundTripUs() + stats.networkConnections() + stats.networkCommands()
                    + stats.networkHits() + stats.networkWaits() + stats.networkRefused() + stats.networkAlone());
        }
    }
}
