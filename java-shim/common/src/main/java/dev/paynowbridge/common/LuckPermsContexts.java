package dev.paynowbridge.common;

import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import net.luckperms.api.LuckPermsProvider;
import net.luckperms.api.context.ContextCalculator;
import net.luckperms.api.context.ContextConsumer;
import net.luckperms.api.context.ContextManager;
import net.luckperms.api.context.ContextSet;
import net.luckperms.api.context.ImmutableContextSet;

/**
 * The context {@code paynowbridge:customer} for LuckPerms: true, false, or left out while it is not known. Only where LuckPerms is
 * there can this class be loaded.
 *
 * @param <T> how the platform calls players
 */
public final class LuckPermsContexts<T> implements ContextCalculator<T> {
    /** The context's key. */
    static final String CUSTOMER = Placeholders.IDENTIFIER + ":customer";

    private static final int MOST = 4_096;

    private final Placeholders placeholders;
    private final Function<T, Visitor> visitor;
    private final ContextManager contexts;
    /** Of whom LuckPerms was told nothing, and whom it must hear of when there is something to tell. */
    private final Map<UUID, WeakReference<T>> unknown = new ConcurrentHashMap<>();

    private LuckPermsContexts(Placeholders placeholders, Function<T, Visitor> visitor, ContextManager contexts) {
        this.placeholders = placeholders;
        this.visitor = visitor;
        this.contexts = contexts;
    }

    /**
     * Registers with LuckPerms.
     *
     * @param placeholders what is known
     * @param visitor who a player of the platform is
     * @param <T> how the platform calls players
     * @return takes it back
     */
    public static <T> Runnable register(Placeholders placeholders, Function<T, Visitor> visitor) {
        ContextManager contexts = LuckPermsProvider.get().getContextManager();
        LuckPermsContexts<T> calculator = new LuckPermsContexts<>(placeholders, visitor, contexts);
        contexts.registerCalculator(calculator);
        Placeholders.Watcher watcher = calculator.watcher();
        placeholders.watch(watcher);
        return () -> {
            placeholders.unwatch(watcher);
            contexts.unregisterCalculator(calculator);
        };
    }

    @Override
    public void calculate(T target, ContextConsumer consumer) {
        Visitor player = visitor.apply(target);
        Placeholders.Answer answer = placeholders.of(player);
        if (answer.isKnown()) {
            consumer.accept(CUSTOMER, String.valueOf(answer.isCustomer()));
            return;
        }
        WeakReference<T> before = unknown.get(player.id());
        if (before == null || before.get() != target) {
            if (unknown.size() >= MOST) {
                unknown.clear();
            }
            unknown.put(player.id(), new WeakReference<>(target));
        }
    }

    @Override
    public ContextSet estimatePotentialContexts() {
        return ImmutableContextSet.builder().add(CUSTOMER, "true").add(CUSTOMER, "false").build();
    }

    private Placeholders.Watcher watcher() {
        return new Placeholders.Watcher() {
            @Override
            public void known(UUID id) {
                WeakReference<T> waiting = unknown.remove(id);
                T target = waiting == null ? null : waiting.get();
                if (target != null) {
                    try {
                        contexts.signalContextUpdate(target);
                    } catch (RuntimeException | LinkageError e) {
                        // LuckPerms is stopped, or older: it asks again by itself.
                    }
                }
            }

            @Override
            public void gone(UUID id) {
                unknown.remove(id);
            }
        };
    }
}
