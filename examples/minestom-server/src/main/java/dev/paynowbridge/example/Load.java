package dev.paynowbridge.example;

import dev.paynowbridge.PayNowOperations;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.UUID;

/** Endless new players, none of whom has been looked up yet: a number of look-ups in every tick, in one of two ways or not at all. */
final class Load {
    /** How they are looked up. */
    enum Way {
        NONE,
        BRIDGE,
        /** By a call that waits for its answer, on the tick thread: what the bridge is there to replace. */
        BLOCKING
    }

    private static final int LOOKUPS_A_TICK = 10;
    private static final int FOUND = 200;
    private static final int UNKNOWN = 404;

    private final PayNowOperations paynow;
    private final Meter meter;
    private volatile Way way = Way.NONE;
    private HttpClient http;

    Load(PayNowOperations paynow, Meter meter) {
        this.paynow = paynow;
        this.meter = meter;
    }

    void set(Way way) {
        this.way = way;
    }

    /** The tick thread. */
    void tick() {
        Way now = way;
        Meter.Window window = meter.window();
        for (int i = 0; now != Way.NONE && now == way && i < LOOKUPS_A_TICK; i++) {
            window.asked.incrementAndGet();
            if (now == Way.BRIDGE) {
                paynow.lookupCustomer(UUID.randomUUID())
                        .whenComplete((customer, failure) -> count(window, failure == null));
            } else {
                count(window, lookUpAndWait(UUID.randomUUID()));
            }
        }
    }

    private static void count(Meter.Window window, boolean answered) {
        (answered ? window.answered : window.failed).incrementAndGet();
    }

    private boolean lookUpAndWait(UUID uuid) {
        if (http == null) {
            http = HttpClient.newHttpClient();
        }
        String base = System.getenv().getOrDefault("PAYNOW_API_BASE", "https://api.paynow.gg");
        URI target = URI.create(base + "/v1/stores/" + System.getenv("PAYNOW_STORE_ID")
                + "/customers/lookup?minecraft_uuid=" + uuid);
        HttpRequest request = HttpRequest.newBuilder(target)
                .header("Authorization", "APIKey " + System.getenv("PAYNOW_API_KEY"))
                .build();
        try {
            int status = http.send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
            return status == FOUND || status == UNKNOWN;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
