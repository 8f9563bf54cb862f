package dev.paynowbridge.common;

import dev.paynowbridge.ClientStats;
import java.util.List;

/** {@code /paynowbridge status}: what is going on, without asking PayNow. */
final class StatusCommand implements Subcommand {
    private final Connection connection;
    private final Replies replies;

    StatusCommand(Connection connection, Replies replies) {
        this.connection = connection;
        this.replies = replies;
    }

    @Override
    public String name() {
        return "status";
    }

    @Override
    public String usage() {
        return "status";
    }

    @Override
    public boolean run(Sender sender, List<String> arguments) throws SetupException {
        Connection.Open open = connection.required();
        Settings settings = open.settings();
        ClientStats stats = open.client().stats();
        replies.say(
                sender, "status.store",
                "store", settings.storeId(), "base", settings.apiBase(), "key", settings.key());
        open.tried().getNow(List.of(new Line("status.key-pending"))).forEach(line -> replies.say(sender, line));
        if (stats.circuitOpen()) {
            replies.say(sender, "status.circuit-open");
        }
        replies.say(
                sender, "status.requests",
                "submitted", stats.submitted(), "ok", stats.completedOk(), "failed", stats.completedError(),
                "late", stats.timedOut(), "cancelled", stats.cancelled(), "outstanding", stats.outstanding());
        replies.say(
                sender, "status.cache",
                "entries", stats.cacheEntries(), "hits", stats.cacheHits(), "stale", stats.cacheStale());
        if (settings.network().isPresent()) {
            replies.say(
                    sender, stats.networkUp() ? "status.network-well" : "status.network-ill",
                    "servers", stats.networkServers(), "hits", stats.networkHits(), "waits", stats.networkWaits(),
                    "refused", stats.networkRefused());
        }
        return true;
    }
}
