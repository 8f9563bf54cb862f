package dev.paynowbridge.common;

import dev.paynowbridge.PayNowClient;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/** Where the API key comes from. Shows the place, never the key. */
final class KeySource {
    private final String place;
    private final UnaryOperator<PayNowClient.Builder> into;

    private KeySource(String place, UnaryOperator<PayNowClient.Builder> into) {
        this.place = place;
        this.into = into;
    }

    static KeySource environment(String variable, String key) {
        return new KeySource("the environment variable " + variable, builder -> builder.apiKey(key));
    }

    static KeySource file(Path file) {
        return new KeySource("the file " + file, builder -> builder.apiKeyFile(file));
    }

    static KeySource config(String key) {
        return new KeySource("config.yml", builder -> builder.apiKey(key));
    }

    PayNowClient.Builder give(PayNowClient.Builder builder) {
        return into.apply(builder);
    }

    @Override
    public String toString() {
        return place;
    }
}
