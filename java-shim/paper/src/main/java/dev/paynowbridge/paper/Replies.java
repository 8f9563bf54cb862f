package dev.paynowbridge.paper;

import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.bukkit.command.CommandSender;

/** Speaks to whoever gave a command. */
final class Replies {
    private final Messages messages;
    private final Scheduling scheduling;
    private final Logger log;

    Replies(Messages messages, Scheduling scheduling, Logger log) {
        this.messages = messages;
        this.scheduling = scheduling;
        this.log = log;
    }

    /** At once: only on the thread of the receiver, as inside a command. */
    void say(CommandSender receiver, String key, Object... values) {
        say(receiver, new Line(key, values));
    }

    void say(CommandSender receiver, Line line) {
        String text = messages.of(line);
        if (!text.isEmpty()) {
            receiver.sendMessage(text);
        }
    }

    /** A word for inside a line. */
    String word(String key) {
        return messages.word(key);
    }

    /** When it is there: on the thread of the receiver. A failure is explained to them. */
    <T> void when(CommandSender receiver, CompletionStage<T> answer, Consumer<T> then) {
        answer.whenComplete((value, failure) -> {
            if (failure == null) {
                scheduling.run(receiver, () -> then.accept(value));
            } else if (!Explanations.isNoEvent(failure)) {
                scheduling.run(receiver, () -> explain(receiver, failure));
            }
        });
    }

    /** At once: only on the thread of the receiver. */
    void explain(CommandSender receiver, Throwable failure) {
        if (Explanations.isFault(failure)) {
            log.log(Level.WARNING, "A command failed.", Explanations.cause(failure));
        }
        Explanations.of(failure).forEach(line -> say(receiver, line));
    }
}
