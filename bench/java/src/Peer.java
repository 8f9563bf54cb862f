import java.net.URI;
import java.util.Map;
import java.util.UUID;
import java.util.function.BiConsumer;

/** A way to look a customer up without waiting for the answer. */
interface Peer extends AutoCloseable {
    String STORE = "411486491630370816";
    String KEY = "pnapi_sandbox_4f8a1c2e9b7d";

    /** Makes what is sent: its cost is reported with and apart from that of sending. */
    Object prepare(UUID player);

    /** Sends it, from the thread that is measured. The callback runs once, on whichever thread the peer has for that. */
    void send(Object prepared, BiConsumer<Object, Throwable> done);

    /** What the host does once a tick besides. */
    default void tick() {}

    @Override
    void close();

    static URI uri(String base, UUID player) {
        return URI.create(base + "/v1/stores/" + STORE + "/customers/lookup?minecraft_uuid=" + player);
    }

    static Peer of(String name, String base, int deadlineMs, boolean onTick) {
        return switch (name) {
            case "bridge" -> new BridgePeer(base, deadlineMs, onTick, null);
            case "jdk" -> new JdkPeer(base, deadlineMs);
            case "okhttp" -> new OkHttpPeer(base, deadlineMs);
            case "apache" -> new ApachePeer(base, deadlineMs);
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** What Gson makes of the answer for the others. */
    final class ParsedCustomer {
        String id;
        String store_id;
        String steam_id;
        String minecraft_uuid;
        String xbox_xuid;
        String name;
        String minecraft_platform;
        String created_at;
        String updated_at;
        ParsedProfile profile;
        ParsedProfile steam;
        ParsedProfile minecraft;
        Map<String, String> metadata;
    }

    final class ParsedProfile {
        String id;
        String platform;
        String name;
        String avatar_url;
    }
}
