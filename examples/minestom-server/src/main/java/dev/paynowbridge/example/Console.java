package dev.paynowbridge.example;

import dev.paynowbridge.ClientStats;
import dev.paynowbridge.PayNowClient;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import net.minestom.server.MinecraftServer;

/** Commands on standard input, one a line, each answered by one line of JSON on standard output. Its end ends the server. */
final class Console {
    private final PayNowClient client;
    private final Meter meter;
    private final Load load;

    Console(PayNowClient client, Meter meter, Load load) {
        this.client = client;
        this.meter = meter;
        this.load = load;
    }

    /** Returns when the server is to stop. */
    void run() {
        System.out.println("{\"port\":" + MinecraftServer.getServer().getPort() + "}");
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null && !line.equals("stop"); line = in.readLine()) {
                System.out.println(answer(line));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String answer(String line) {
        return switch (line) {
            case "begin" -> {
                meter.begin();
                yield meter.report();
            }
            case "report" -> meter.report();
            case "stats" -> stats();
            case "load none", "load bridge", "load blocking" -> {
                load.set(Load.Way.valueOf(line.substring("load ".length()).toUpperCase(Locale.ROOT)));
                yield meter.report();
            }
            default -> "{\"error\":\"begin, report, stats, load none, load bridge, load blocking or stop\"}";
        };
    }

    private String stats() {
        ClientStats stats = client.stats();
        return String.format(
                Locale.ROOT,
                "{\"outstanding\":%d,\"submitted\":%d,\"delivered\":%d,\"cancelled\":%d,\"workers\":%d}",
                stats.outstanding(), stats.submitted(), stats.delivered(), stats.cancelled(), stats.workers());
    }
}
