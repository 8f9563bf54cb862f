import com.google.gson.Gson;
import java.io.IOException;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BiConsumer;
import org.apache.http.client.config.RequestConfig;
import org.apache.http.client.methods.CloseableHttpResponse;
import org.apache.http.client.methods.HttpGet;
import org.apache.http.impl.client.CloseableHttpClient;
import org.apache.http.impl.client.HttpClients;
import org.apache.http.util.EntityUtils;

/** A new client for each request, on an asynchronous scheduler with as many threads as it takes: what plugins are seen to do. */
final class ApachePeer implements Peer {
    private final Gson gson = new Gson();
    private final ExecutorService scheduler = Executors.newCachedThreadPool();
    private final RequestConfig timeouts;
    private final String base;

    ApachePeer(String base, int deadlineMs) {
        this.base = base;
        timeouts = RequestConfig.custom()
                .setConnectTimeout(deadlineMs)
                .setConnectionRequestTimeout(deadlineMs)
                .setSocketTimeout(deadlineMs)
                .build();
    }

    @Override
    public Object prepare(UUID player) {
        HttpGet request = new HttpGet(Peer.uri(base, player));
        request.setHeader("Authorization", "APIKey " + KEY);
        request.setConfig(timeouts);
        return request;
    }

    @Override
    public void send(Object prepared, BiConsumer<Object, Throwable> done) {
        scheduler.execute(() -> {
            Object customer;
            try {
                customer = ask((HttpGet) prepared);
            } catch (IOException | RuntimeException e) {
                done.accept(null, e);
                return;
            }
            done.accept(customer, null);
        });
    }

    private Object ask(HttpGet request) throws IOException {
        try (CloseableHttpClient client = HttpClients.createDefault();
                CloseableHttpResponse response = client.execute(request)) {
            return gson.fromJson(EntityUtils.toString(response.getEntity()), ParsedCustomer.class);
        }
    }

    @Override
    public void close() {
        scheduler.shutdown();
    }
}
