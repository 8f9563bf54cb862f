package dev.paynowbridge.common;

import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.logging.Level;

/** Speaks to whoever gave a command. */
final class Replies {
    private final Messages messages;
    private final Host host;

    Replies(Messages messages, Host host) {
        this.messages = messages;
        this.host = host;
    }

    /** At once: only on the thread of the receiver, as inside a command. */
    void say(Sender receiver, String key, Object... values) {
        say(receiver, new Line(key, values));
    }

    void say(Sender receiver, Line line) {
        String text = messages.of(line);
        if (!text.isEmpty()) {
            receiver.send(text);
        }
    }

    /** A word for inside a line. */
    String word(String key) {
        return messages.word(key);
    }

    /** When it is there: on the thread of the receiver. A failure is explained to them. */
    <T> void when(Sender receiver, CompletionStage<T> answer, Consumer<T> then) {
        answer.whenComplete((value, failure) -> {
            if (failure == null) {
                host.run(receiver, () -> then.accept(value));
            } else if (!Explanations.isNoEvent(failure)) {
                host.run(receiver, () -> explain(receiver, failure));
            }
        });
    }

    /** At once: only on the thread of the receiver. */
    void explain(Sender receiver, Throwable failure) {
        if (Explanations.isFault(failure)) {
            host.log().log(Level.WARNING, "A command failed.", Explanations.cause(failure));
        }
        Explanations.of(failure).forEach(line -> say(receiver, line));
    }
}
