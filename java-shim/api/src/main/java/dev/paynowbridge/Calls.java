package dev.paynowbridge;

import java.util.Arrays;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * How a view makes its calls.
 *
 * @param executor where futures complete, or null
 * @param deadlineMs until when they have to, 0 for the client's default
 * @param background whether players go first
 * @param tag the first tag, which the library knows; 0 for none
 * @param further more tags, which only this side knows
 * @param owner the plugin whose calls these are, or null
 */
record Calls(
        @Nullable Executor executor, int deadlineMs, boolean background, long tag, long[] further, @Nullable String owner) {
    private static final long[] NONE = {};
    private static final int MOST_TAGS = 8;

    static final Calls PLAIN = new Calls(null, 0, false, 0, NONE, null);

    Calls on(Executor other) {
        return new Calls(other, deadlineMs, background, tag, further, owner);
    }

    Calls deadline(int milliseconds) {
        return new Calls(executor, milliseconds, background, tag, further, owner);
    }

    Calls inBackground() {
        return new Calls(executor, deadlineMs, true, tag, further, owner);
    }

    /** With one more tag. The first name is taken for the plugin's. */
    Calls tagged(long added, @Nullable String name) {
        @Nullable String plugin = owner == null ? name : owner;
        if (tag == 0) {
            return new Calls(executor, deadlineMs, background, added, further, plugin);
        }
        if (bears(added)) {
            return new Calls(executor, deadlineMs, background, tag, further, plugin);
        }
        if (further.length + 1 == MOST_TAGS) {
            throw new IllegalArgumentException("a call bears at most " + MOST_TAGS + " tags");
        }
        long[] more = Arrays.copyOf(further, further.length + 1);
        more[further.length] = added;
        return new Calls(executor, deadlineMs, background, tag, more, plugin);
    }

    boolean bears(long wanted) {
        return tag == wanted || bearsFurther(wanted);
    }

    /** Whether it is one the library does not know of. */
    boolean bearsFurther(long wanted) {
        for (long each : further) {
            if (each == wanted) {
                return true;
            }
        }
        return false;
    }
}
