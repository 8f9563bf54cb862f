import com.google.gson.Gson;
import java.io.IOException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/** {@code enqueue}, with as many requests to one host at once as the bridge has workers: by default it would be five. Over TLS with HTTP/2. */
final class OkHttpPeer implements Peer {
    private static final int AT_ONCE = 64;

    private final Gson gson = new Gson();
    private final Dispatcher dispatcher = new Dispatcher();
    private final OkHttpClient client;
    private final String base;

    OkHttpPeer(String base, int deadlineMs) {
        this(base, deadlineMs, new OkHttpClient.Builder());
    }

    OkHttpPeer(String base, int deadlineMs, Trust trust) {
        this(base, deadlineMs, new OkHttpClient.Builder().sslSocketFactory(trust.context().getSocketFactory(), trust.manager()));
    }

    private OkHttpPeer(String base, int deadlineMs, OkHttpClient.Builder builder) {
        this.base = base;
        dispatcher.setMaxRequests(AT_ONCE);
        dispatcher.setMaxRequestsPerHost(AT_ONCE);
        client = builder
                .dispatcher(dispatcher)
                .connectionPool(new ConnectionPool(AT_ONCE, 5, TimeUnit.MINUTES))
                .callTimeout(Duration.ofMillis(deadlineMs))
                .build();
    }

    @Override
    public Object prepare(UUID player) {
        return new Request.Builder().url(Peer.uri(base, player).toString()).header("Authorization", "APIKey " + KEY).build();
    }

    @Override
    public void send(Object prepared, BiConsumer<Object, Throwable> done) {
        client.newCall((Request) prepared).enqueue(new Callback() {
            @Override
            public void onFailure(Call call, IOException failure) {
                done.accept(null, failure);
            }

            @Override
            public void onResponse(Call call, Response response) {
                Object customer;
                try (response) {
                    customer = gson.fromJson(response.body().charStream(), ParsedCustomer.class);
                } catch (RuntimeException e) {
                    done.accept(null, e);
                    return;
                }
                done.accept(customer, null);
            }
        });
    }

    @Override
    public void close() {
        dispatcher.cancelAll();
        dispatcher.executorService().shutdown();
        client.connectionPool().evictAll();
    }
}
