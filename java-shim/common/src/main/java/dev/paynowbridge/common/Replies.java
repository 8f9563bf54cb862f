package dev.paynowbridge.common;

import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.logging.Level;

/** Speaks to the sender of a command. */
final class Replies {
    private final Messages messages;
    private final Host host;
    private final PlayerFailures playerFailures;

    Replies(Messages messages, Host host, PlayerFailures playerFailures) {
        this.messages = messages;
        this.host = host;
        this.playerFailures = playerFailures;
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

    /**
     * When it is there: on the thread of the receiver. A failure is explained to them. A sender who is gone by then is told at
     * once that the answer goes to the log, and the log is the receiver.
     */
    <T> void when(Sender sender, CompletionStage<T> answer, BiConsumer<Sender, T> then) {
        Sender receiver = sender;
        if (!sender.hearsLater()) {
            say(sender, "command.in-log");
            receiver = new ToLog(sender);
        }
        Sender known = receiver;
        answer.whenComplete((value, failure) -> {
            if (failure == null) {
                run(known, () -> then.accept(known, value));
            } else if (!Explanations.isSilent(failure)) {
                run(known, () -> explain(known, failure));
            }
        });
    }

    private void run(Sender receiver, Runnable task) {
        if (!(receiver instanceof ToLog)) {
            host.run(receiver, task);
        } else if (host.isEnabled()) {
            task.run();
        }
    }

    /** At once: only on the thread of the receiver. Owners hear the reason, players what it means to them. */
    void explain(Sender receiver, Throwable failure) {
        if (Explanations.isFault(failure)) {
            host.log().log(Level.WARNING, "A command failed.", Explanations.cause(failure));
        }
        if (isOwner(receiver)) {
            Explanations.forOwner(failure).forEach(line -> say(receiver, line));
        } else {
            say(receiver, Explanations.forPlayer(failure));
            playerFailures.note(failure);
        }
    }

    /** There is no client. */
    void explain(Sender receiver, SetupException reason) {
        if (isOwner(receiver)) {
            say(receiver, "command.not-connected", "detail", reason.getMessage());
        } else {
            say(receiver, "player.unreachable");
        }
    }

    static boolean isOwner(Sender sender) {
        return sender.player().isEmpty() || sender.hasPermission(Permission.OWNER);
    }

    /** The log, in place of a sender who is gone. */
    private final class ToLog implements Sender {
        private final Sender asked;

        ToLog(Sender asked) {
            this.asked = asked;
        }

        @Override
        public Optional<Visitor> player() {
            return Optional.empty();
        }

        @Override
        public boolean hearsLater() {
            return true;
        }

        @Override
        public boolean hasPermission(String permission) {
            return asked.hasPermission(permission);
        }

        @Override
        public void send(String text) {
            host.log().info(Messages.uncoloured(text));
        }

        @Override
        public boolean canSee(Visitor other) {
            return true;
        }
    }
}
