package dev.paynowbridge.common;

import dev.paynowbridge.PayNowClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;

/** {@code /paynowbridge dump}: writes how the last requests went into a file, for a look at what went wrong. */
final class DumpCommand implements Subcommand {
    private static final DateTimeFormatter NAME = DateTimeFormatter.ofPattern("'dump-'yyyyMMdd-HHmmss-SSS'.jsonl'", Locale.ROOT);

    private final Host host;
    private final Connection connection;
    private final Replies replies;

    DumpCommand(Host host, Connection connection, Replies replies) {
        this.host = host;
        this.connection = connection;
        this.replies = replies;
    }

    @Override
    public String name() {
        return "dump";
    }

    @Override
    public String usage() {
        return "dump";
    }

    @Override
    public boolean run(Sender sender, List<String> arguments) throws SetupException {
        PayNowClient client = connection.required().client();
        CompletableFuture<Line> done = new CompletableFuture<>();
        // It takes milliseconds, and a disk.
        Thread thread = new Thread(null, () -> done.complete(write(client)), "paynow-bridge dump", 0, false);
        thread.setDaemon(true);
        thread.start();
        replies.when(sender, done, replies::say);
        return true;
    }

    private Line write(PayNowClient client) {
        try {
            String lines = client.dump();
            if (lines.isEmpty()) {
                return new Line("dump.failed", "detail", "the plugin was reloaded in the meantime, or there is no memory");
            }
            Path file = host.folder().toPath().resolve(NAME.format(LocalDateTime.now()));
            Files.writeString(file, lines, StandardOpenOption.CREATE_NEW);
            return new Line("dump.done", "file", file, "requests", lines.lines().count() - 1);
        } catch (IOException | RuntimeException e) {
            return new Line("dump.failed", "detail", e.toString());
        }
    }
}
