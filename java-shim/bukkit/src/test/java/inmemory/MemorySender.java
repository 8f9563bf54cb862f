package inmemory;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.bukkit.command.CommandSender;

/** One who gives commands, and keeps what is said to them. */
public class MemorySender implements CommandSender {
    final MemoryServer server;
    private final String name;
    private final boolean op;
    private final Map<String, Boolean> permissions = new ConcurrentHashMap<>();
    private final List<String> heard = new CopyOnWriteArrayList<>();

    MemorySender(MemoryServer server, String name, boolean op) {
        this.server = server;
        this.name = name;
        this.op = op;
    }

    @Override
    public void sendMessage(String message) {
        if (!mayHearHere()) {
            server.violations.add(name + " was spoken to on " + Thread.currentThread().getName() + ": " + message);
        }
        heard.add(message);
    }

    boolean mayHearHere() {
        return server.isMainThread();
    }

    @Override
    public String getName() {
        return name;
    }

    @Override
    public boolean hasPermission(String permission) {
        return permissions.getOrDefault(permission, server.isGivenByDefault(permission, op));
    }

    public void permit(String permission, boolean value) {
        permissions.put(permission, value);
    }

    /** All that was said so far, without colours, a line each. */
    public String heard() {
        return String.join("\n", heard).replaceAll("\u00a7.", "");
    }

    public String raw() {
        return String.join("\n", heard);
    }

    public void forget() {
        heard.clear();
    }
}
