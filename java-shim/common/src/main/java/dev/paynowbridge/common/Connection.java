package dev.paynowbridge.common;

import dev.paynowbridge.LogLevel;
import dev.paynowbridge.PayNowClient;
import dev.paynowbridge.PayNowException;
import dev.paynowbridge.PayNowOperations;
import java.util.Optional;
import java.util.logging.Level;

/** The one client, which other plugins find as a service. Nothing here touches the network by itself. */
final class Connection {
    private final Host host;
    private final Identities identities;
    private volatile Open open;
    private volatile SetupException fault = new SetupException("it was not set up yet.");

    Connection(Host host, Identities identities) {
        this.host = host;
        this.identities = identities;
    }

    /**
     * A client, and what it was made from.
     *
     * @param client the client
     * @param settings its settings
     */
    record Open(PayNowClient client, Settings settings) {}

    /** Puts a new client into the place of the old one, whose pending calls fail. On a failure the old one stays. */
    synchronized void open(Settings settings) throws SetupException {
        PayNowClient fresh;
        try {
            fresh = settings.builder(identities)
                    .nativeFolder(host.folder().toPath())
                    .log(this::log)
                    .build();
        } catch (IllegalArgumentException e) {
            throw new SetupException("a setting cannot be used: " + e.getMessage() + ".");
        } catch (PayNowException e) {
            throw new SetupException(e.getMessage(), e instanceof PayNowException.NativeLoad);
        }
        Open old = open;
        open = new Open(fresh, settings);
        fault = null;
        host.publish(fresh);
        end(old);
    }

    /** Ends every call and thread. Waits for that: some milliseconds. */
    synchronized void close() {
        Open old = open;
        open = null;
        fault = new SetupException("the plugin is disabled.");
        end(old);
    }

    private void end(Open old) {
        if (old != null) {
            host.withdraw(old.client());
            old.client().close();
        }
    }

    private void log(LogLevel level, String line) {
        host.log().log(
                switch (level) {
                    case ERROR -> Level.SEVERE;
                    case WARN -> Level.WARNING;
                    case INFO -> Level.INFO;
                    case DEBUG -> Level.FINE;
                },
                line);
    }

    /** Remembers why there is no client, for those who ask. */
    void failed(SetupException reason) {
        fault = reason;
    }

    Optional<Open> current() {
        return Optional.ofNullable(open);
    }

    /** Why there is no client. */
    SetupException fault() {
        SetupException known = fault;
        return known == null ? new SetupException("it is being set up.") : known;
    }

    Open required() throws SetupException {
        Open known = open;
        if (known == null) {
            throw fault();
        }
        return known;
    }

    /** For somebody's command: cancelled when they leave. */
    PayNowOperations forSender(Sender sender) throws SetupException {
        PayNowClient client = required().client();
        return sender.player().map(player -> client.tag(player.id())).orElseGet(() -> client.tag(host.pluginName()));
    }
}
