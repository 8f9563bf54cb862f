package dev.paynowbridge.common;

import dev.paynowbridge.PayNowService;
import java.io.File;
import java.util.Collection;
import java.util.Optional;
import java.util.UUID;
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
     * The command that owners and players give.
     *
     * @return its name; another one on a proxy, whose commands hide those of the servers behind it
     */
    default String command() {
        return "paynowbridge";
    }

    /**
     * Whether this is a proxy, behind which the game runs on other servers.
     *
     * @return whether it is
     */
    default boolean isProxy() {
        return false;
    }

    /**
     * Whether the plugin is enabled. Any thread.
     *
     * @return false from the moment it is being disabled
     */
    boolean isEnabled();

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
     * Whether the server itself asks Mojang who a player is.
     *
     * @return false in offline mode, behind a proxy too
     */
    boolean isOnlineMode();

    /**
     * Whether the calling thread runs the game. Any thread.
     *
     * @return whether waiting here would freeze the game
     */
    boolean isTickThread();

    /**
     * Finds another plugin.
     *
     * @param name its name
     * @return its version, if it is there and not an older version of this one
     */
    Optional<String> otherPlugin(String name);

    /**
     * Whether version 0.1 of this plugin is there too, which has the name of PayNow's own plugin.
     *
     * @return whether it is
     */
    boolean hasOldVersion();

    /**
     * Which plugin a class belongs to.
     *
     * @param type the class
     * @return the plugin's name, if it belongs to one
     */
    Optional<String> ownerOf(Class<?> type);

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
     * Runs a task in each tick of the server from now on, until the plugin is disabled. Never where there are no ticks.
     *
     * @param task what to do; it takes next to no time
     */
    void eachTick(Runnable task);

    /**
     * Offers the service to other plugins.
     *
     * @param service the service
     */
    void publish(PayNowService service);

    /**
     * Takes the offer back.
     *
     * @param service the service
     */
    void withdraw(PayNowService service);
}
