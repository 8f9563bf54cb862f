package dev.paynowbridge.common;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The placeholders for MiniPlaceholders, versions 2 and 3. Through the names of its classes: version 2 and version 3 take other
 * arguments, and version 3 is compiled for newer Java than this plugin is. Texts are inserted as they are, never parsed for tags.
 */
public final class MiniPlaceholders {
    private static final String EXPANSION = "io.github.miniplaceholders.api.Expansion";
    private static final String ADVENTURE = "net.kyori.adventure.text.";

    private final Function<Object, Placeholders.Answer> known;
    private final Class<?> builderType;
    private final Method text;
    private final Method inserting;
    private final Method hasNext;
    private final Method pop;
    private final Method value;

    private MiniPlaceholders(ClassLoader loader, Function<Object, Placeholders.Answer> known) throws ReflectiveOperationException {
        this.known = known;
        builderType = Class.forName(EXPANSION + "$Builder", false, loader);
        Class<?> component = Class.forName(ADVENTURE + "Component", false, loader);
        String tags = ADVENTURE + "minimessage.tag.";
        text = component.getMethod("text", String.class);
        inserting = Class.forName(tags + "Tag", false, loader).getMethod("selfClosingInserting", component);
        Class<?> arguments = Class.forName(tags + "resolver.ArgumentQueue", false, loader);
        hasNext = arguments.getMethod("hasNext");
        pop = arguments.getMethod("pop");
        value = Class.forName(tags + "Tag$Argument", false, loader).getMethod("value");
    }

    /** What a placeholder says of somebody; null: no such placeholder. */
    private interface Text {
        @Nullable String of(Placeholders.Answer answer, Object arguments) throws ReflectiveOperationException;
    }

    /**
     * Registers with MiniPlaceholders.
     *
     * @param loader finds its classes
     * @param players the class of the platform's players
     * @param known what is known of one of them
     * @return takes it back
     * @throws IllegalStateException when this version of MiniPlaceholders cannot be used
     */
    public static Runnable register(ClassLoader loader, Class<?> players, Function<Object, Placeholders.Answer> known) {
        try {
            Object expansion = new MiniPlaceholders(loader, known).expansion(loader, players);
            Class<?> type = Class.forName(EXPANSION, true, loader);
            Method unregister = type.getMethod("unregister");
            type.getMethod("register").invoke(expansion);
            return () -> {
                try {
                    unregister.invoke(expansion);
                } catch (ReflectiveOperationException e) {
                    throw unusable(e);
                }
            };
        } catch (ReflectiveOperationException e) {
            throw unusable(e);
        }
    }

    private static IllegalStateException unusable(ReflectiveOperationException e) {
        Throwable cause = e instanceof InvocationTargetException && e.getCause() != null ? e.getCause() : e;
        return new IllegalStateException(cause.toString(), cause);
    }

    private Object expansion(ClassLoader loader, Class<?> players) throws ReflectiveOperationException {
        Object builder = Class.forName(EXPANSION, true, loader).getMethod("builder", String.class).invoke(null, Placeholders.IDENTIFIER);
        // Version 3 takes the class with each placeholder, version 2 once for all.
        Method add = Arrays.stream(builderType.getMethods())
                .filter(method -> method.getName().equals("audiencePlaceholder"))
                .max((one, other) -> Integer.compare(one.getParameterCount(), other.getParameterCount()))
                .orElseThrow(() -> new NoSuchMethodException("audiencePlaceholder"));
        if (add.getParameterCount() == 2) {
            builderType.getMethod("filter", Class.class).invoke(builder, players);
        }
        for (String name : Placeholders.NAMES) {
            add(builder, add, players, name, (answer, arguments) -> answer.text(name));
        }
        add(builder, add, players, Placeholders.METADATA, (answer, arguments) ->
                (Boolean) hasNext.invoke(arguments) ? answer.metadata((String) value.invoke(pop.invoke(arguments))) : null);
        return builderType.getMethod("build").invoke(builder);
    }

    private void add(Object builder, Method add, Class<?> players, String name, Text of) throws ReflectiveOperationException {
        Class<?> resolver = add.getParameterTypes()[add.getParameterCount() - 1];
        InvocationHandler handler = (self, method, arguments) -> switch (method.getName()) {
            case "tag" -> tag(of, arguments[0], arguments[1]);
            case "equals" -> self == arguments[0];
            case "hashCode" -> System.identityHashCode(self);
            case "toString" -> Placeholders.IDENTIFIER + "_" + name;
            default -> throw new UnsupportedOperationException(method.toString());
        };
        Object answers = Proxy.newProxyInstance(resolver.getClassLoader(), new Class<?>[] {resolver}, handler);
        if (add.getParameterCount() == 2) {
            add.invoke(builder, name, answers);
        } else {
            add.invoke(builder, players, name, answers);
        }
    }

    private @Nullable Object tag(Text of, Object player, Object arguments) throws ReflectiveOperationException {
        String shown = of.of(known.apply(player), arguments);
        return shown == null ? null : inserting.invoke(null, text.invoke(null, shown));
    }
}
