package dev.paynowbridge.sandbox;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import net.luckperms.api.LuckPerms;
import net.luckperms.api.LuckPermsProvider;
import net.luckperms.api.context.ContextCalculator;
import net.luckperms.api.context.ContextConsumer;
import net.luckperms.api.context.ContextManager;
import net.luckperms.api.context.ContextSetFactory;
import net.luckperms.api.context.ImmutableContextSet;

/** LuckPerms, as far as it takes contexts: the real API, and behind it lists. */
public final class LuckPermsInMemory implements AutoCloseable {
    private final List<ContextCalculator<?>> calculators = new CopyOnWriteArrayList<>();
    private final List<Object> signalled = new CopyOnWriteArrayList<>();

    /** Is what plugins find from now on. */
    public LuckPermsInMemory() {
        ContextSetFactory sets = as(ContextSetFactory.class, (name, arguments) -> {
            List<String> added = new ArrayList<>();
            return as(ImmutableContextSet.Builder.class, (builder, values) -> {
                if (builder.equals("build")) {
                    return as(ImmutableContextSet.class, (set, none) -> String.join(", ", added));
                }
                added.add(values[0] + "=" + values[1]);
                return null;
            });
        });
        ContextManager contexts = as(ContextManager.class, (name, arguments) -> switch (name) {
            case "registerCalculator" -> calculators.add((ContextCalculator<?>) arguments[0]);
            case "unregisterCalculator" -> calculators.remove(arguments[0]);
            case "signalContextUpdate" -> signalled.add(arguments[0]);
            default -> sets;
        });
        provide("register", as(LuckPerms.class, (name, arguments) -> contexts));
    }

    /** An answer by the name of a method. */
    private interface Answers {
        Object to(String method, Object[] arguments);
    }

    /** Methods that return nothing do; a builder returns itself. */
    private static <T> T as(Class<T> type, Answers answers) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
            Object answer = answers.to(method.getName(), arguments);
            return method.getReturnType() == void.class ? null : answer == null ? self : answer;
        }));
    }

    private static void provide(String how, Object... what) {
        try {
            for (Method method : LuckPermsProvider.class.getDeclaredMethods()) {
                if (method.getName().equals(how)) {
                    method.setAccessible(true);
                    method.invoke(null, what);
                }
            }
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The contexts of a player, such as {@code key=value}, as it would look them up now. */
    @SuppressWarnings("unchecked")
    public List<String> of(Object player) {
        List<String> found = new ArrayList<>();
        ContextConsumer consumer = new ContextConsumer() {
            @Override
            public void accept(String key, String value) {
                found.add(key + "=" + value);
            }
        };
        calculators.forEach(calculator -> ((ContextCalculator<Object>) calculator).calculate(player, consumer));
        return found;
    }

    /** The contexts that are proposed to owners. */
    public List<String> proposed() {
        return calculators.stream().map(calculator -> calculator.estimatePotentialContexts().toString()).toList();
    }

    /** Whose contexts it was told to look up again. */
    public List<Object> signalled() {
        return signalled;
    }

    @Override
    public void close() {
        provide("unregister");
    }
}
