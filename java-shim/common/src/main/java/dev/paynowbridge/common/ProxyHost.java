package dev.paynowbridge.common;

import dev.paynowbridge.PayNowService;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * What all proxies have in common: no ticks, no register of services, and threads of the network on which nothing may wait. A
 * proxy brings its players, its scheduler and its log.
 */
public abstract class ProxyHost implements Host {
    /** The command on proxies. Not that of the servers behind a proxy, which it would hide. */
    public static final String COMMAND = "pnbproxy";

    /** What the threads are called on which all that players send and receive passes. */
    private static final String NETTY = "Netty ";

    private volatile boolean enabled = true;

    /** For the proxies' own hosts. */
    protected ProxyHost() {}

    /** From now on no task is run. Any thread. */
    public final void disabled() {
        enabled = false;
    }

    /**
     * Has the proxy run a task, unless this plugin is disabled by then, or the receiver is gone. Any thread.
     *
     * @param scheduler the proxy's: any thread may speak to players, but the client's own must not run what a proxy does then
     * @param isThere whether the receiver can still hear; asked when the task is about to run
     * @param task what to run
     */
    protected final void schedule(Consumer<Runnable> scheduler, BooleanSupplier isThere, Runnable task) {
        if (!enabled) {
            return;
        }
        try {
            scheduler.accept(() -> {
                if (enabled && isThere.getAsBoolean()) {
                    task.run();
                }
            });
        } catch (RuntimeException e) {
            // Disabled between the question and the call: then the proxy takes no tasks.
            if (enabled) {
                throw e;
            }
        }
    }

    @Override
    public final String command() {
        return COMMAND;
    }

    @Override
    public final boolean isProxy() {
        return true;
    }

    @Override
    public final boolean isEnabled() {
        return enabled;
    }

    /** There is no tick, but a thread of the network that waits freezes every player on it. */
    @Override
    public final boolean isTickThread() {
        return Thread.currentThread().getName().startsWith(NETTY);
    }

    /** It never ran on proxies. */
    @Override
    public final boolean hasOldVersion() {
        return false;
    }

    /** A proxy has no ticks. */
    @Override
    public final void eachTick(Runnable task) {}

    /** Other plugins ask the plugin for it. */
    @Override
    public final void publish(PayNowService service) {}

    @Override
    public final void withdraw(PayNowService service) {}
}
