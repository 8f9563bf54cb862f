package dev.paynowbridge;

import static dev.paynowbridge.PayNowClient.Builder;

import dev.paynowbridge.internal.Native;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A Redis (6.2 or newer) or Valkey (7.2 or newer) that all servers of a store share: what one of them knows the others need not
 * ask, a question is asked once, and {@link PayNowClient.Builder#rateLimit} is what they may ask together. While it does not
 * answer, each server works alone, at its share of the rate. Not for several threads at once.
 */
public final class NetworkConfig {
    private static final int FIRST_TEXT = Builder.NETWORK_ADDRESSES;
    private static final int FIRST_NUMBER = Builder.NETWORK_TLS;

    private final @Nullable String[] texts = new String[Builder.NETWORK_ID + 1 - FIRST_TEXT];
    private final long[] numbers = new long[Builder.NETWORK_TIMEOUT + 1 - FIRST_NUMBER];

    private NetworkConfig() {
        Arrays.fill(numbers, Native.UNSET);
    }

    private NetworkConfig text(int place, String value) {
        texts[place - FIRST_TEXT] = value;
        return this;
    }

    private NetworkConfig number(int place, String name, long value) {
        if (value < 0) {
            throw new IllegalArgumentException("network." + name + " must not be negative");
        }
        numbers[place - FIRST_NUMBER] = value;
        return this;
    }

    void copyTo(@Nullable String[] texts, long[] numbers) {
        System.arraycopy(this.texts, 0, texts, FIRST_TEXT, this.texts.length);
        System.arraycopy(this.numbers, 0, numbers, FIRST_NUMBER, this.numbers.length);
    }

    /**
     * A network at this address: {@code host}, {@code host:port} or {@code [::1]:port}. Several stand with commas between, and the
     * first that can be used is used. In a cluster any node leads to the right one. With {@link #sentinelName} they are those of
     * the Sentinels.
     *
     * @param addresses where it is
     * @return it
     */
    public static NetworkConfig at(String addresses) {
        if (addresses == null) {
            throw new IllegalArgumentException("network.addresses is required");
        }
        return new NetworkConfig().text(Builder.NETWORK_ADDRESSES, addresses);
    }

    /**
     * Whether the connection is encrypted: no by default. {@link #caFile} and {@link #serverName} mean yes.
     *
     * @param tls true for TLS
     * @return this
     */
    public NetworkConfig tls(boolean tls) {
        return number(Builder.NETWORK_TLS, "tls", tls ? 1 : 0);
    }

    /**
     * Authorities to trust besides the system's and the bundled ones.
     *
     * @param file certificates in PEM
     * @return this
     */
    public NetworkConfig caFile(Path file) {
        return text(Builder.NETWORK_CA_FILE, file == null ? null : file.toString());
    }

    /**
     * The name to find in the certificate, where it is another than that of the address.
     *
     * @param name the name
     * @return this
     */
    public NetworkConfig serverName(String name) {
        return text(Builder.NETWORK_SERVER_NAME, name);
    }

    /**
     * The user to log in as: Redis's {@code default} when there is only a password.
     *
     * @param name the user
     * @return this
     */
    public NetworkConfig user(String name) {
        return text(Builder.NETWORK_USER, name);
    }

    /**
     * The password.
     *
     * @param password the password
     * @return this
     */
    public NetworkConfig password(String password) {
        return text(Builder.NETWORK_PASSWORD, password);
    }

    /**
     * Reads the password from an environment variable.
     *
     * @param variable its name
     * @return this
     */
    public NetworkConfig passwordEnv(String variable) {
        return text(Builder.NETWORK_PASSWORD_ENV, variable);
    }

    /**
     * Reads the password from a file, which must be readable by its owner alone (mode 0600).
     *
     * @param file the file
     * @return this
     */
    public NetworkConfig passwordFile(Path file) {
        return text(Builder.NETWORK_PASSWORD_FILE, file == null ? null : file.toString());
    }

    /**
     * The number of the database: 0 by default.
     *
     * @param number the database
     * @return this
     */
    public NetworkConfig database(int number) {
        return number(Builder.NETWORK_DATABASE, "database", number);
    }

    /**
     * The name by which the Sentinels know the master. The addresses are the Sentinels'.
     *
     * @param name the master
     * @return this
     */
    public NetworkConfig sentinelName(String name) {
        return text(Builder.NETWORK_SENTINEL_NAME, name);
    }

    /**
     * Tells networks apart that share a store and a Redis: a test server's from the others', say. At most 64 letters, digits, dots,
     * hyphens or underscores; none by default.
     *
     * @param id the network
     * @return this
     */
    public NetworkConfig id(String id) {
        return text(Builder.NETWORK_ID, id);
    }

    /**
     * How long a request waits for the network at most before it goes on without: 100 ms by default.
     *
     * @param timeout the time, 10 s at most
     * @return this
     */
    public NetworkConfig timeout(Duration timeout) {
        return number(Builder.NETWORK_TIMEOUT, "timeout", Builder.milliseconds("network.timeout", timeout));
    }

    /** Shows nothing of it: an address may hold a password that was put in the wrong place. */
    @Override
    public String toString() {
        return "NetworkConfig";
    }
}
