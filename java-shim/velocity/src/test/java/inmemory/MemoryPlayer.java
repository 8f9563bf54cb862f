package inmemory;

import com.velocitypowered.api.command.CommandSource;
import com.velocitypowered.api.permission.Tristate;
import com.velocitypowered.api.proxy.Player;
import dev.paynowbridge.sandbox.Receiver;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.UUID;
import net.kyori.adventure.text.Component;
import net.kyori.adventure.text.serializer.legacy.LegacyComponentSerializer;

/** A player or console that gives commands and listens. */
public final class MemoryPlayer implements Receiver {
    private final StringBuffer heard = new StringBuffer();
    private final String name;
    private final Map<String, Tristate> permissions;

    /** Has heard nothing yet; of a permission that is not named, the owner has said nothing. */
    public MemoryPlayer(String name, Map<String, Tristate> permissions) {
        this.name = name;
        this.permissions = permissions;
    }

    @Override
    public String heard() {
        return heard.toString();
    }

    /** A new session of theirs. */
    public Player session(UUID id, boolean onlineMode) {
        return as(Player.class, Map.of("getUniqueId", id, "getUsername", name, "isOnlineMode", onlineMode, "isActive", true));
    }

    /** As an interface of the proxy. What it is not told how to answer fails the test. */
    <T extends CommandSource> T as(Class<T> type, Map<String, Object> answers) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, method, args) ->
                switch (method.getName()) {
                    case "sendMessage" -> {
                        heard.append(LegacyComponentSerializer.legacySection().serialize((Component) args[0]).replaceAll("§.", ""))
                                .append('\n');
                        yield null;
                    }
                    case "getPermissionValue" -> permissions.getOrDefault(
                            (String) args[0], permissions.getOrDefault("*", Tristate.UNDEFINED));
                    case "equals" -> self == args[0];
                    case "hashCode" -> System.identityHashCode(self);
                    case "toString" -> name;
                    default -> {
                        if (!answers.containsKey(method.getName())) {
                            throw new UnsupportedOperationException(method.toString());
                        }
                        yield answers.get(method.getName());
                    }
                }));
    }
}
