package dev.paynowbridge.common;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code /paynowbridge reload}: reads config.yml and messages.yml again; what is under way fails. */
final class ReloadCommand implements Subcommand {
    private final Reloading reloading;
    private final Connection connection;
    private final Replies replies;

    ReloadCommand(Reloading reloading, Connection connection, Replies replies) {
        this.reloading = reloading;
        this.connection = connection;
        this.replies = replies;
    }

    /** What is done. */
    interface Reloading {
        /** What is not wrong, and hardly meant; null for nothing. */
        @Nullable String reload() throws SetupException;
    }

    @Override
    public String name() {
        return "reload";
    }

    @Override
    public String usage() {
        return "reload";
    }

    @Override
    public boolean run(Sender sender, List<String> arguments) throws SetupException {
        String odd;
        try {
            odd = reloading.reload();
        } catch (SetupException e) {
            replies.say(sender, "reload.failed", "detail", e.getMessage());
            return true;
        }
        replies.say(sender, "reload.done");
        if (odd != null) {
            replies.say(sender, "reload.odd", "detail", odd);
        }
        replies.when(
                sender, connection.required().tried(),
                (receiver, lines) -> lines.forEach(line -> replies.say(receiver, line)));
        return true;
    }
}
