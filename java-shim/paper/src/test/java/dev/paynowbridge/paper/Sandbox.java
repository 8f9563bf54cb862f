package dev.paynowbridge.paper;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The real sandbox, in a process of its own. Ends with this JVM at the latest: its standard input does. */
final class Sandbox implements AutoCloseable {
    static final String STORE = "411486491630370816";
    static final String KEY = "pnapi_sandbox_4f8a1c2e9b7d";
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final HttpClient http = HttpClient.newHttpClient();
    private final Process process;
    private final Path folder;
    final String base;

    Sandbox() {
        String binary = System.getenv("PAYNOW_SANDBOX_BIN");
        if (binary == null) {
            throw new IllegalStateException("PAYNOW_SANDBOX_BIN does not say where the sandbox is");
        }
        try {
            folder = Files.createTempDirectory("paynow-sandbox");
            Path ready = folder.resolve("ready.json");
            process = new ProcessBuilder(
                            binary, "--listen", "127.0.0.1:0", "--ready-file", ready.toString(), "--exit-with-stdin", "--quiet")
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            long end = System.nanoTime() + PATIENCE.toNanos();
            while (!Files.exists(ready)) {
                if (!process.isAlive() || System.nanoTime() - end > 0) {
                    throw new IllegalStateException("the sandbox does not start");
                }
                Thread.sleep(5);
            }
            Matcher found = Pattern.compile("\"base\":\\s*\"([^\"]*)").matcher(Files.readString(ready));
            if (!found.find()) {
                throw new IllegalStateException("the sandbox does not say where it is");
            }
            base = found.group(1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    void reset() {
        steer("DELETE", "/faults", "");
        steer("POST", "/reset", "");
        steer("DELETE", "/log", "");
    }

    void faults(String plan) {
        steer("PUT", "/faults", plan);
    }

    /** Answers the requests of an operation so. */
    void respond(String operation, String response) {
        faults("{\"rules\":[{\"operation\":\"" + operation + "\",\"respond\":" + response + "}]}");
    }

    void hang() {
        faults("{\"hang\":true}");
    }

    /** What it was asked. */
    String log() {
        return steer("GET", "/log", "");
    }

    /** How often an operation was asked for. */
    int asked(String operation) {
        return log().split(Pattern.quote('"' + operation + '"'), -1).length - 1;
    }

    private String steer(String method, String path, String body) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(base + "/_sandbox" + path))
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .timeout(PATIENCE)
                .build();
        try {
            HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() / 100 != 2) {
                throw new IllegalStateException(path + " answers " + response.statusCode() + ": " + response.body());
            }
            return response.body();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        process.destroy();
        try {
            process.waitFor();
            Files.deleteIfExists(folder.resolve("ready.json"));
            Files.deleteIfExists(folder);
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
