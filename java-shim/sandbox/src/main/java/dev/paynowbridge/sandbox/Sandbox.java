package dev.paynowbridge.sandbox;

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

/** The sandbox program ({@code PAYNOW_SANDBOX_BIN}), in a process of its own. Ends with this JVM at the latest: its standard input does. */
public final class Sandbox implements AutoCloseable {
    /** The store there is in it. */
    public static final String STORE = "411486491630370816";
    /** The key that store has. */
    public static final String KEY = "pnapi_sandbox_4f8a1c2e9b7d";

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final HttpClient http = HttpClient.newHttpClient();
    private final Process process;
    private final String base;

    /** Starts it, and waits until it can be asked. */
    public Sandbox() {
        String binary = System.getenv("PAYNOW_SANDBOX_BIN");
        if (binary == null) {
            throw new IllegalStateException("PAYNOW_SANDBOX_BIN does not say where the sandbox is");
        }
        try {
            Path folder = Files.createTempDirectory("paynow-sandbox");
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
            base = field(Files.readString(ready), "base");
            Files.delete(ready);
            Files.delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Where it is asked: {@code http://127.0.0.1:PORT}. */
    public String base() {
        return base;
    }

    /** A text or number of what it says of itself. */
    public static String field(String json, String name) {
        Matcher found = Pattern.compile('"' + name + "\":\\s*\"?([^\",}]*)").matcher(json);
        if (!found.find()) {
            throw new IllegalArgumentException(name + " is not in " + json);
        }
        return found.group(1);
    }

    /** As it was at the start. */
    public void reset() {
        steer("DELETE", "/faults", "");
        steer("POST", "/reset", "");
        steer("DELETE", "/log", "");
    }

    /** Misbehaves like this from now on. */
    public void faults(String plan) {
        steer("PUT", "/faults", plan);
    }

    /** Answers the requests of an operation so, and no other fault is left. */
    public void respond(String operation, String response) {
        faults("{\"rules\":[{\"operation\":\"" + operation + "\",\"respond\":" + response + "}]}");
    }

    /** Answers no request until the faults change. */
    public void hang() {
        faults("{\"hang\":true}");
    }

    /** What it was asked, as JSON. */
    public String log() {
        return steer("GET", "/log", "");
    }

    /** The last of it. */
    public String lastAsked() {
        return steer("GET", "/log?limit=1", "");
    }

    /** How often an operation was asked for. */
    public int asked(String operation) {
        return log().split(Pattern.quote('"' + operation + '"'), -1).length - 1;
    }

    /** What it has counted, as JSON. */
    public String stats() {
        return steer("GET", "/stats", "");
    }

    private String steer(String method, String path, String body) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(base + "/_sandbox" + path))
                .header("Content-Type", "application/json")
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
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
