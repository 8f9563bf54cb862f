import dev.paynowbridge.LogLevel;
import dev.paynowbridge.PayNowClient;
import dev.paynowbridge.PayNowOperations;
import dev.paynowbridge.TickExecutor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.function.BiConsumer;

final class BridgePeer implements Peer {
    private final PayNowClient client;
    private final PayNowOperations operations;
    private final TickExecutor ticks = new TickExecutor();

    /** {@code authority}: whom to trust over TLS besides the system's authorities; may be null. */
    BridgePeer(String base, int deadlineMs, boolean onTick, Path authority) {
        client = PayNowClient.builder(STORE)
                .apiBase(base)
                .apiKey(KEY)
                .proxy("")
                .caFile(authority)
                .deadline(Duration.ofMillis(deadlineMs))
                // Every request goes over the wire: it is not the memory that is measured.
                .cacheTtl(Duration.ZERO)
                .cacheNegativeTtl(Duration.ZERO)
                .logLevel(LogLevel.ERROR)
                .log((level, line) -> {})
                .build();
        operations = onTick ? client.on(ticks) : client;
    }

    @Override
    public Object prepare(UUID player) {
        return player;
    }

    @Override
    public void send(Object prepared, BiConsumer<Object, Throwable> done) {
        operations.lookupCustomer((UUID) prepared).whenComplete(done);
    }

    @Override
    public void tick() {
        ticks.drain(Duration.ofMillis(50));
    }

    @Override
    public void close() {
        client.close();
    }
}
