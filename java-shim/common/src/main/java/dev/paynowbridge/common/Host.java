package dev.paynowbridge.common;

import dev.paynowbridge.PayNowClient;
import java.io.File;
import java.io.Reader;
import java.util.Collection;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.logging.Logger;

/** What the plugin needs of a server, whichever it is. */
public interface Host {
    /**
     * The plugin's name on this server.
     *
     * @return the name
     */
    String pluginName();

    /**
     * The plugin's log.
     *
     * @return the log
     */
    Logger log();

    /**
     * Where the plugin's files are.
     *
     * @return the folder, which need not exist
     */
    File folder();

    /**
     * Reads YAML.
     *
     * @param in the text
     * @return the value at a path; null where there is none
     */
    UnaryOperator<String> yaml(Reader in);

    /**
     * Who is on the server.
     *
     * @return all players
     */
    Collection<Visitor> online();

    /**
     * Finds a player by name.
     *
     * @param name the whole name
     * @return the player, if they are on the server
     */
    Optional<Visitor> online(String name);

    /**
     * Finds a player by UUID.
     *
     * @param id the UUID
     * @return the player, if they are on the server
     */
    Optional<Visitor> online(UUID id);

    /**
     * Runs a task on the thread that may speak to somebody. Not at all when they have left by then, or when the plugin is
     * disabled. Any thread may call this.
     *
     * @param receiver who is spoken to
     * @param task what to do
     */
    void run(Sender receiver, Runnable task);

    /**
     * Offers a client to other plugins.
     *
     * @param client the client
     */
    void publish(PayNowClient client);

    /**
     * Takes an offer back.
     *
     * @param client the client
     */
    void withdraw(PayNowClient client);
}
