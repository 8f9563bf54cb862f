package dev.paynowbridge.common;

import java.util.List;

/** {@code /paynow reload}: config.yml and messages.yml again; what is under way fails. */
final class ReloadCommand implements Subcommand {
    private final Reloading reloading;
    private final Replies replies;

    ReloadCommand(Reloading reloading, Replies replies) {
        this.reloading = reloading;
        this.replies = replies;
    }

    /** What is done. */
    interface Reloading {
        void reload() throws SetupException;
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
    public boolean run(Sender sender, List<String> arguments) {
        try {
            reloading.reload();
            replies.say(sender, "reload.done");
        } catch (SetupException e) {
            replies.say(sender, "reload.failed", "detail", e.getMessage());
        }
        return true;
    }
}
