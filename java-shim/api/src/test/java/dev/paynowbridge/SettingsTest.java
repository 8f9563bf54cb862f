package dev.paynowbridge;

import static dev.paynowbridge.Waiting.failure;
import static dev.paynowbridge.Waiting.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.paynowbridge.sandbox.Sandbox;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each setting does what it says, and not what its neighbour says. */
class SettingsTest extends OnSandbox {
    private static final UUID NOTCH = UUID.fromString("069a79f4-44e9-4726-a5be-fca90e38aaf5");
    private static final UUID UNKNOWN = new UUID(0x4000L, 0x8000000000000000L);

    private static PayNowClient client(UnaryOperator<PayNowClient.Builder> set) {
        return set.apply(builder().maxAttempts(1)).build();
    }

    private static Source sourceOfSecond(PayNowClient client, UUID player) {
        value(client.lookupCustomer(player));
        PayNowFuture<?> second = client.lookupCustomer(player);
        value(second);
        return second.details().orElseThrow().source();
    }

    @Test
    void keysComeFromVariablesAndFiles(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("key"), "APIKey " + Sandbox.KEY + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        PayNowClient.Builder keyless = keyless();
        try (PayNowClient client = keyless.apiKeyFile(file).build()) {
            assertTrue(value(client.lookupCustomer(NOTCH)).isPresent());
        }
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        assertTrue(assertThrows(IllegalArgumentException.class, keyless::build).getMessage().contains("chmod 600"));

        // Any variable that could be a key: the sandbox refuses it, which it would not be asked to without one.
        String variable = System.getenv().entrySet().stream()
                .filter(entry -> entry.getValue().matches("[!-~]{1,200}"))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseThrow();
        PayNowClient.Builder other = keyless();
        try (PayNowClient client = other.apiKeyEnv(variable).build()) {
            assertEquals(Status.UNAUTHORIZED,
                    failure(PayNowException.Api.class, client.lookupCustomer(NOTCH)).status());
        }
    }

    @Test
    void theUserAgentNamesTheProductFirst() {
        try (PayNowClient client = client(builder -> builder.userAgent("Shop/2.1"))) {
            value(client.lookupCustomer(NOTCH));
            assertTrue(sandbox.lastAsked().contains("Shop/2.1 paynow-bridge/"), sandbox.lastAsked());
        }
    }

    @Test
    void proxiesAreAsked() throws Exception {
        try (ServerSocket proxy = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
                PayNowClient client = PayNowClient.builder(Sandbox.STORE)
                        .apiKey("key")
                        .maxAttempts(1)
                        // This proxy takes one connection.
                        .warmConnections(0)
                        .proxy("http://127.0.0.1:" + proxy.getLocalPort())
                        .build()) {
            CompletableFuture<String> asked = CompletableFuture.supplyAsync(() -> {
                try (Socket connection = proxy.accept()) {
                    return new BufferedReader(
                            new InputStreamReader(connection.getInputStream(), StandardCharsets.US_ASCII)).readLine();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            failure(PayNowException.Transport.class, client.lookupCustomer(NOTCH));
            assertEquals("CONNECT api.paynow.gg:443 HTTP/1.1", value(asked));
        }
    }

    @Test
    void certificatesOfAFileAreTrusted(@TempDir Path folder) throws Exception {
        KeyStore keys = Certificates.store(folder);
        Path pem = Certificates.pem(folder, keys);
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, Certificates.PASSWORD);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(managers.getKeyManagers(), null, null);
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 8);
        server.setHttpsConfigurator(new HttpsConfigurator(tls));
        server.createContext("/", exchange -> {
            byte[] body = "{\"id\":\"7\"}".getBytes(StandardCharsets.US_ASCII);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        try {
            String base = "https://localhost:" + server.getAddress().getPort();
            try (PayNowClient client = client(builder -> builder.apiBase(base))) {
                assertEquals(Status.TLS,
                        failure(PayNowException.Transport.class, client.getCustomer("7")).status());
            }
            try (PayNowClient client = client(builder -> builder.apiBase(base).caFile(pem))) {
                assertEquals("7", value(client.getCustomer("7")).orElseThrow().id());
            }
        } finally {
            server.stop(0);
        }
    }

    @Test
    void timeLimitsHold() throws Exception {
        sandbox.hang();
        try (PayNowClient client = client(builder -> builder.deadline(Duration.ofMillis(30)))) {
            failure(PayNowException.Timeout.class, client.lookupCustomer(NOTCH));
        }
        // A server whose queue of connections is full answers no attempt to connect.
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            List<Socket> waiting = new ArrayList<>();
            try {
                while (true) {
                    Socket socket = new Socket();
                    waiting.add(socket);
                    socket.connect(full.getLocalSocketAddress(), 200);
                }
            } catch (SocketTimeoutException e) {
                // It is full now.
            }
            String base = "http://127.0.0.1:" + full.getLocalPort();
            try (PayNowClient client = client(builder -> builder.apiBase(base)
                    .deadline(Duration.ofHours(1)).connectTimeout(Duration.ofMillis(30)))) {
                assertEquals(Status.CONNECT,
                        failure(PayNowException.Transport.class, client.lookupCustomer(NOTCH)).status());
            }
            for (Socket socket : waiting) {
                socket.close();
            }
        }
    }

    @Test
    void aConnectionIsReadyBeforeTheFirstRequest() {
        try (PayNowClient client = client(builder -> builder)) {
            Waiting.until(() -> client.stats().warmConnections() == 1, "it is open");
            value(client.lookupCustomer(NOTCH));
            assertEquals(1, client.stats().connectionsOpened());
            // The sandbox speaks plain http.
            assertEquals(0, client.stats().handshakes());
        }
        try (PayNowClient client = client(builder -> builder.warmConnections(0))) {
            assertEquals(0, client.stats().connectionsOpened());
            value(client.lookupCustomer(NOTCH));
            assertEquals(1, client.stats().connectionsOpened());
        }
    }

    @Test
    void numbersOfThingsAreLimited() {
        sandbox.hang();
        try (PayNowClient client = client(builder -> builder.maxOutstanding(8).maxWorkers(2))) {
            for (int i = 0; i < 8; i++) {
                client.lookupCustomer(UUID.randomUUID());
            }
            failure(PayNowException.QueueFull.class, client.lookupCustomer(NOTCH));
            Waiting.until(() -> client.stats().workersBusy() == 2, "two work");
            assertEquals(2, client.stats().workers());
            assertEquals(8, client.stats().outstanding());
        }
        sandbox.reset();
        try (PayNowClient client = client(builder -> builder.maxResponseBytes(64))) {
            assertEquals(Status.RESPONSE_TOO_LARGE,
                    failure(PayNowException.InvalidResponse.class, client.lookupCustomer(NOTCH)).status());
        }
        for (UnaryOperator<PayNowClient.Builder> zero : List.<UnaryOperator<PayNowClient.Builder>>of(
                builder -> builder.maxHeldBytes(0), builder -> builder.maxResponseBytes(0),
                builder -> builder.maxAttempts(0), builder -> builder.connectTimeout(Duration.ZERO))) {
            PayNowClient.Builder builder = zero.apply(builder());
            assertThrows(IllegalArgumentException.class, builder::build);
        }
        assertTrue(assertThrows(IllegalArgumentException.class, () -> client(builder -> builder.maxHeldBytes(0)))
                .getMessage().startsWith("maxHeldBytes "));
    }

    @Test
    void retriesAreAsManyAsAllowed() {
        sandbox.respond("lookup_customer", "{\"status\":503,\"body\":\"{}\"}");
        for (int attempts : new int[] {1, 2, 4}) {
            try (PayNowClient client = builder()
                    .maxAttempts(attempts).retryBase(Duration.ZERO).circuitThreshold(0).build()) {
                assertEquals(attempts, failure(PayNowException.Api.class, client.lookupCustomer(NOTCH)).attempts());
            }
        }
    }

    @Test
    void theRateIsLimited() {
        try (PayNowClient client = client(builder -> builder.rateLimit(0.001, 1).deadline(Duration.ofMillis(300)))) {
            value(client.deadline(Duration.ofMinutes(1)).lookupCustomer(NOTCH));
            failure(PayNowException.class, client.lookupCustomer(UNKNOWN));
            assertEquals(1, sandbox.log().split("\"seq\"", -1).length - 1, "the second was not sent");
        }
    }

    @Test
    void memoryIsAsLongAndAsLargeAsWanted() {
        try (PayNowClient client = client(builder -> builder)) {
            assertEquals(Source.CACHE, sourceOfSecond(client, NOTCH));
            assertEquals(Source.CACHE, sourceOfSecond(client, UNKNOWN));
        }
        try (PayNowClient client = client(builder -> builder.cacheTtl(Duration.ZERO))) {
            assertEquals(Source.NETWORK, sourceOfSecond(client, NOTCH));
        }
        try (PayNowClient client = client(builder -> builder.cacheNegativeTtl(Duration.ZERO))) {
            assertEquals(Source.CACHE, sourceOfSecond(client, NOTCH));
            assertEquals(Source.NETWORK, sourceOfSecond(client, UNKNOWN));
        }
        try (PayNowClient client = client(builder -> builder.cacheBytes(1))) {
            assertEquals(Source.NETWORK, sourceOfSecond(client, NOTCH));
            assertEquals(0, client.stats().cacheEntries());
        }
        for (boolean stale : new boolean[] {true, false}) {
            sandbox.reset();
            try (PayNowClient client = client(builder -> builder
                    .cacheTtl(Duration.ofMillis(1)).cacheStale(stale ? Duration.ofHours(1) : Duration.ZERO))) {
                value(client.lookupCustomer(NOTCH));
                Waiting.until(() -> client.peek(NOTCH).isEmpty(), "it is fresh no more");
                sandbox.respond("lookup_customer", "{\"status\":500,\"body\":\"{}\"}");
                PayNowFuture<Optional<Customer>> second = client.lookupCustomer(NOTCH);
                if (stale) {
                    assertTrue(value(second).isPresent());
                    assertEquals(Source.STALE_CACHE, second.details().orElseThrow().source());
                } else {
                    failure(PayNowException.Api.class, second);
                }
            }
        }
    }

    @Test
    void playersAreNamedAsTheServerNamesThem() {
        Player bedrock = new Player(null, null, null, "*PixelPia");
        try (PayNowClient client = client(builder -> builder.bedrockPrefix("*"))) {
            assertTrue(value(client.lookupPlayer(bedrock)).isPresent());
            assertTrue(sandbox.lastAsked().contains("minecraft_bedrock_name=PixelPia"), sandbox.lastAsked());
        }
        try (PayNowClient client = client(builder -> builder.bedrockPrefix("*").sendBedrockPrefix(true))) {
            value(client.lookupPlayer(bedrock));
            assertFalse(sandbox.lastAsked().contains("minecraft_bedrock_name=PixelPia"), sandbox.lastAsked());
            assertTrue(sandbox.lastAsked().contains("minecraft_bedrock_name="), sandbox.lastAsked());
        }
        UUID offline = UUID.nameUUIDFromBytes("OfflinePlayer:Offline_Olga".getBytes(StandardCharsets.UTF_8));
        Player olga = Player.of(offline, "Offline_Olga");
        try (PayNowClient client = client(builder -> builder)) {
            value(client.lookupPlayer(olga));
            assertTrue(sandbox.lastAsked().contains("name=Offline_Olga"), sandbox.lastAsked());
        }
        try (PayNowClient client = client(builder -> builder.offlinePlayersByUuid(true))) {
            value(client.lookupPlayer(olga));
            assertTrue(sandbox.lastAsked().contains("minecraft_uuid=" + offline), sandbox.lastAsked());
        }
    }
}
