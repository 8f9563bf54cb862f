package dev.paynowbridge.example;

import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import net.kyori.adventure.text.Component;
import net.minestom.server.command.builder.Command;

/** How long ticks take. */
final class Meter {
    /** One stretch of time. */
    static final class Window {
        private static final int MOST = 10_000;

        final AtomicInteger asked = new AtomicInteger();
        final AtomicInteger answered = new AtomicInteger();
        final AtomicInteger failed = new AtomicInteger();
        private final long began = System.nanoTime();
        private final double[] lengths = new double[MOST];
        private final double[] inStore = new double[MOST];
        private int ticks;

        private synchronized void ticked(double milliseconds, double ofThatInStore) {
            lengths[ticks % MOST] = milliseconds;
            inStore[ticks % MOST] = ofThatInStore;
            ticks++;
        }

        private double seconds() {
            return (System.nanoTime() - began) / 1e9;
        }

        /** The length that this share of the ticks does not exceed. */
        private double percentile(double[] all, double share) {
            double[] sorted = Arrays.copyOf(all, Math.min(ticks, MOST));
            Arrays.sort(sorted);
            return sorted.length == 0 ? 0 : sorted[(int) Math.round(share * (sorted.length - 1))];
        }

        private synchronized String report() {
            return String.format(
                    Locale.ROOT,
                    "{\"ticks\":%d,\"seconds\":%.3f,\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f,"
                            + "\"store_p50\":%.3f,\"store_max\":%.3f,"
                            + "\"asked\":%d,\"answered\":%d,\"failed\":%d}",
                    ticks, seconds(), percentile(lengths, 0.5), percentile(lengths, 0.99), percentile(lengths, 1),
                    percentile(inStore, 0.5), percentile(inStore, 1),
                    asked.get(), answered.get(), failed.get());
        }

        private synchronized String words() {
            return String.format(
                    Locale.ROOT, "%.1f ticks a second, half of them within %.2f ms.", ticks / seconds(),
                    percentile(lengths, 0.5));
        }
    }

    private volatile Window window = new Window();
    /** Of the present tick. Only the tick thread uses it. */
    private double inStore;

    Window window() {
        return window;
    }

    void begin() {
        window = new Window();
    }

    /** Runs what this tick has to do with the store, and notes how long that takes. The tick thread. */
    void inStore(Runnable calls) {
        long began = System.nanoTime();
        calls.run();
        inStore = (System.nanoTime() - began) / 1e6;
    }

    /** At the end of each tick, on its thread. */
    void ticked(double milliseconds) {
        window.ticked(milliseconds, inStore);
    }

    /** Everything about the present window, as JSON. */
    String report() {
        return window.report();
    }

    Command tps() {
        Command command = new Command("tps");
        command.setDefaultExecutor((sender, context) -> sender.sendMessage(Component.text(window.words())));
        return command;
    }
}
