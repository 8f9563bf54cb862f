package inmemory;

import dev.paynowbridge.sandbox.Receiver;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import net.md_5.bungee.api.chat.BaseComponent;

/** A player or console that gives commands and listens, with these permissions ({@code *}: all of them). */
public final class MemorySender implements Receiver {
    private final String name;
    private final Set<String> permissions;
    private final StringBuffer heard = new StringBuffer();

    /** Has heard nothing yet. */
    public MemorySender(String name, Set<String> permissions) {
        this.name = name;
        this.permissions = permissions;
    }

    /** Their name. */
    public String name() {
        return name;
    }

    @Override
    public String heard() {
        return heard.toString();
    }

    /** As an interface of the proxy. What it is not told how to answer fails the test. */
    @SuppressWarnings("unchecked")
    <T> T as(Class<T> type, Map<String, Object> answers) {
        return (T) Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, method, args) -> {
            switch (method.getName()) {
                case "sendMessage":
                    BaseComponent[] parts = args[0] instanceof BaseComponent[] several ? several : new BaseComponent[] {(BaseComponent) args[0]};
                    heard.append(Arrays.stream(parts).map(part -> part.toPlainText()).collect(Collectors.joining())).append('\n');
                    return null;
                case "hasPermission":
                    return permissions.contains("*") || permissions.contains((String) args[0]);
                case "getName":
                    return name;
                case "equals":
                    return self == args[0];
                case "hashCode":
                    return System.identityHashCode(self);
                case "toString":
                    return name;
                default:
                    if (answers.containsKey(method.getName())) {
                        return answers.get(method.getName());
                    }
                    throw new UnsupportedOperationException(method.toString());
            }
        });
    }
}
