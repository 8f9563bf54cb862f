package dev.paynowbridge.common;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.paynowbridge.PayNowClient;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Gives the client's metrics to Prometheus, where the owner wants that. Touches no thread of the game but to start and stop. */
final class MetricsServer {
    private static final String PATH = "/metrics";
    private static final String OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    private static final int THREADS = 2;
    private static final int IDLE_SECONDS = 10;
    /** For a request and its answer. The JDK's server would wait forever for the rest of a request. */
    private static final int LONGEST_SECONDS = 5;
    /** Of the connections that wait to be taken. */
    private static final int BACKLOG = 16;

    private final Supplier<Optional<PayNowClient>> client;
    private final Supplier<Logger> log;
    private @Nullable Running running;

    /** What runs, and where it was to. */
    private record Running(InetSocketAddress address, HttpServer server, ExecutorService threads) {
        void stop() {
            server.stop(0);
            threads.shutdownNow();
        }
    }

    MetricsServer(Supplier<Optional<PayNowClient>> client, Supplier<Logger> log) {
        this.client = client;
        this.log = log;
    }

    /** Serves there from now on, and nowhere else; nothing where it is empty. One that cannot be had is a line in the log. */
    synchronized void listen(Optional<InetSocketAddress> wanted) {
        if (running != null && wanted.filter(running.address()::equals).isPresent()) {
            return;
        }
        close();
        wanted.ifPresent(this::open);
    }

    private void open(InetSocketAddress address) {
        String shown = address.getAddress().getHostAddress() + ":" + address.getPort();
        try {
            HttpServer server = HttpServer.create(address, BACKLOG);
            ExecutorService threads = threads();
            server.setExecutor(work -> threads.execute(() -> runWithinLimit(work)));
            server.createContext("/", this::answer);
            server.start();
            running = new Running(address, server, threads);
        } catch (IOException | LinkageError e) {
            // A Java without this server, too.
            log.get().severe("Metrics are not served on " + shown + ": " + e.getMessage() + ". See metrics.listen in config.yml.");
            return;
        }
        if (address.getAddress().isLoopbackAddress()) {
            log.get().info("Metrics are served on http://" + shown + PATH + ".");
        } else {
            log.get().warning("Metrics are served on http://" + shown + PATH + ", to all who reach that address. "
                    + "Keep others out with a firewall, or set metrics.listen in config.yml to 127.0.0.1.");
        }
    }

    private static ExecutorService threads() {
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor threads = new ThreadPoolExecutor(
                THREADS, THREADS, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> {
                    Thread thread = new Thread(work, "paynow-bridge metrics " + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        threads.allowCoreThreadTimeOut(true);
        return threads;
    }

    /** Interrupts it when the time is up, which closes the connection that it waits for. */
    private static void runWithinLimit(Runnable work) {
        FutureTask<?> task = new FutureTask<>(work, null);
        CompletableFuture.delayedExecutor(LONGEST_SECONDS, TimeUnit.SECONDS).execute(() -> task.cancel(true));
        task.run();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String method = exchange.getRequestMethod();
            boolean isHead = method.equals("HEAD");
            if (!exchange.getRequestURI().getPath().equals(PATH)) {
                send(exchange, isHead, 404, "text/plain; charset=utf-8", "There is only " + PATH + ".\n");
            } else if (!isHead && !method.equals("GET")) {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD");
                send(exchange, false, 405, "text/plain; charset=utf-8", "Only GET and HEAD.\n");
            } else {
                String text = client.get().map(PayNowClient::metrics).orElse("");
                if (text.isEmpty()) {
                    send(exchange, isHead, 503, "text/plain; charset=utf-8", "PayNow is not set up.\n");
                } else {
                    send(exchange, isHead, 200, OPEN_METRICS, text);
                }
            }
        }
    }

    private static void send(HttpExchange exchange, boolean isHead, int status, String type, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        if (isHead) {
            exchange.getResponseHeaders().set("Content-Length", Integer.toString(body.length));
            exchange.sendResponseHeaders(status, -1);
            return;
        }
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
    }

    /** Serves nowhere any more. */
    synchronized void close() {
        if (running != null) {
            running.stop();
            running = null;
        }
    }
}
