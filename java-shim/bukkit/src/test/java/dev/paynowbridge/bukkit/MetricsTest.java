package dev.paynowbridge.bukkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.paynowbridge.sandbox.Sandbox;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Metrics over HTTP, where the owner wants them. */
class MetricsTest extends OnServer {
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static String listen(String address) {
        return "metrics:\n  listen: '" + address + "'\n";
    }

    private static HttpResponse<String> ask(String method, String address) throws IOException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + address))
                .method(method, HttpRequest.BodyPublishers.noBody())
                .timeout(Duration.ofMinutes(1))
                .build();
        try {
            return HTTP.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void nothingListens(int port) {
        assertThrows(ConnectException.class, () -> ask("GET", "127.0.0.1:" + port + "/metrics"));
    }

    @Test
    void whatNeverEndsItsRequestKeepsOthersOutOnlyForAWhile() throws IOException {
        int port = freePort();
        reload(listen("127.0.0.1:" + port));
        List<Socket> slow = new ArrayList<>();
        try {
            // As many as there are threads to serve them.
            for (int i = 0; i < 2; i++) {
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
                slow.add(socket);
                socket.getOutputStream().write("GET /metrics HTTP/1.1\r\nHost: ".getBytes(StandardCharsets.US_ASCII));
            }
            assertEquals(200, ask("GET", "127.0.0.1:" + port + "/metrics").statusCode());
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
    }

    @Test
    void theyAreServedWhereTheOwnerSaysUntilThePluginIsDisabled() throws IOException {
        int port = freePort();
        nothingListens(port);
        reload(listen("127.0.0.1:" + port));
        assertTrue(server.log().contains("INFO Metrics are served on http://127.0.0.1:" + port + "/metrics."), server.log());
        answer(server.console, "paynowbridge lookup Notch", NOTCH_ID);

        HttpResponse<String> got = ask("GET", "127.0.0.1:" + port + "/metrics");
        assertEquals(200, got.statusCode());
        assertEquals(
                Optional.of("application/openmetrics-text; version=1.0.0; charset=utf-8"), got.headers().firstValue("content-type"));
        assertTrue(got.body().endsWith("\n# EOF\n"), got.body());
        assertTrue(got.body().contains("\npaynow_answer_seconds_count{operation=\"lookup_customer\",outcome=\"ok\"} "), got.body());
        assertFalse(got.body().contains(Sandbox.KEY));

        HttpResponse<String> head = ask("HEAD", "127.0.0.1:" + port + "/metrics");
        assertEquals(List.of(200, ""), List.of(head.statusCode(), head.body()));
        for (String path : List.of("/", "/metrics/", "/metricsx", "/..%2fmetrics")) {
            assertEquals(404, ask("GET", "127.0.0.1:" + port + path).statusCode(), path);
        }
        for (String method : List.of("POST", "PUT", "DELETE", "OPTIONS")) {
            HttpResponse<String> refused = ask(method, "127.0.0.1:" + port + "/metrics");
            assertEquals(405, refused.statusCode(), method);
            assertEquals(Optional.of("GET, HEAD"), refused.headers().firstValue("allow"));
        }

        server.disable(plugin);
        nothingListens(port);
        server.until(
                () -> Thread.getAllStackTraces().keySet().stream().noneMatch(thread -> thread.getName().startsWith("paynow-bridge metrics")),
                "its threads end");
    }

    @Test
    void aReloadMovesThemAndKeepsThoseThatStay() throws IOException {
        int first = freePort();
        reload(listen("127.0.0.1:" + first));
        int second = freePort();
        reload(listen("localhost:" + second));
        nothingListens(first);
        assertEquals(200, ask("GET", "127.0.0.1:" + second + "/metrics").statusCode());
        reload(listen("127.0.0.1:" + second) + "warm-up: false\n");
        String submitted = "\npaynow_requests_submitted_total ";
        assertTrue(ask("GET", "127.0.0.1:" + second + "/metrics").body().contains(submitted), "those of the new client");
        reload("");
        nothingListens(second);
    }

    @Test
    void aPortInUseIsALineAndThePluginWorks() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            reload(listen("127.0.0.1:" + taken.getLocalPort()));
            String said = "Metrics are not served on 127.0.0.1:" + taken.getLocalPort() + ": ";
            assertTrue(server.log().contains("SEVERE " + said), server.log());
            assertEquals(server.log().indexOf(said), server.log().lastIndexOf(said), "once");
            answer(server.console, "paynowbridge lookup Notch", NOTCH_ID);
        }
    }

    @Test
    void anAddressThatOthersReachIsAWarning() throws IOException {
        int port = freePort();
        reload(listen("0.0.0.0:" + port));
        assertTrue(server.log().contains("WARNING Metrics are served on http://0.0.0.0:" + port + "/metrics, to all"), server.log());
        assertEquals(200, ask("GET", "127.0.0.1:" + port + "/metrics").statusCode());
    }

    @Test
    void anAddressThatCannotBeIsRefusedByName() {
        for (String wrong : List.of("9225", "127.0.0.1", ":9225", "127.0.0.1:0", "127.0.0.1:65536", "example.org:9225", "1.2.3.999:1", "[::1]")) {
            server.console.forget();
            reload(listen(wrong));
            assertTrue(server.console.heard().contains("metrics.listen"), wrong + ": " + server.console.heard());
        }
    }
}
