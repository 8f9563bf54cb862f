package dev.paynowbridge.common;

import dev.paynowbridge.PayNowClient;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Where the API key comes from. Shows the place, never the key. */
final class KeySource {
    private final String place;
    /** The key, or the path of its file. */
    private final String secret;
    private final UnaryOperator<PayNowClient.Builder> into;

    private KeySource(String place, String secret, UnaryOperator<PayNowClient.Builder> into) {
        this.place = place;
        this.secret = secret;
        this.into = into;
    }

    static KeySource environment(String variable, String key) {
        return new KeySource("the environment variable " + variable, key, builder -> builder.apiKey(key));
    }

    static KeySource file(Path file) {
        return new KeySource("the file " + file, file.toString(), builder -> builder.apiKeyFile(file));
    }

    static KeySource config(String key) {
        return new KeySource("config.yml", key, builder -> builder.apiKey(key));
    }

    PayNowClient.Builder give(PayNowClient.Builder builder) {
        return into.apply(builder);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof KeySource source && place.equals(source.place) && secret.equals(source.secret);
    }

    @Override
    public int hashCode() {
        return place.hashCode();
    }

    @Override
    public String toString() {
        return place;
    }
}
