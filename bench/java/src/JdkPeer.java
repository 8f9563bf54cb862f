import com.google.gson.Gson;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.UUID;
import java.util.function.BiConsumer;

/** {@code sendAsync}, with connections kept alive; over TLS with HTTP/2. */
final class JdkPeer implements Peer {
    private final Gson gson = new Gson();
    private final HttpClient client;
    private final String base;
    private final Duration timeout;

    JdkPeer(String base, int deadlineMs) {
        // Otherwise the first request of each connection asks for HTTP/2 as well.
        this(base, deadlineMs, HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1));
    }

    JdkPeer(String base, int deadlineMs, Trust trust) {
        this(base, deadlineMs, HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).sslContext(trust.context()));
    }

    private JdkPeer(String base, int deadlineMs, HttpClient.Builder builder) {
        this.base = base;
        timeout = Duration.ofMillis(deadlineMs);
        client = builder.build();
    }

    @Override
    public Object prepare(UUID player) {
        return HttpRequest.newBuilder(Peer.uri(base, player)).header("Authorization", "APIKey " + KEY).timeout(timeout).build();
    }

    @Override
    public void send(Object prepared, BiConsumer<Object, Throwable> done) {
        client.sendAsync((HttpRequest) prepared, HttpResponse.BodyHandlers.ofString())
                .thenApply(response -> (Object) gson.fromJson(response.body(), ParsedCustomer.class))
                .whenComplete(done);
    }

    @Override
    public void close() {
        // It has no close before Java 21; the process ends with the measurement.
    }
}
