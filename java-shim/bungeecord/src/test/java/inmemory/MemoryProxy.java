package inmemory;

import dev.paynowbridge.sandbox.Compiled;
import dev.paynowbridge.sandbox.ProxyInMemory;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import net.md_5.bungee.api.CommandSender;
import net.md_5.bungee.api.ProxyConfig;
import net.md_5.bungee.api.ProxyServer;
import net.md_5.bungee.api.ReconnectHandler;
import net.md_5.bungee.api.Title;
import net.md_5.bungee.api.chat.BaseComponent;
import net.md_5.bungee.api.config.ConfigurationAdapter;
import net.md_5.bungee.api.config.ServerInfo;
import net.md_5.bungee.api.connection.PendingConnection;
import net.md_5.bungee.api.connection.ProxiedPlayer;
import net.md_5.bungee.api.event.LoginEvent;
import net.md_5.bungee.api.event.PlayerDisconnectEvent;
import net.md_5.bungee.api.event.PostLoginEvent;
import net.md_5.bungee.api.plugin.Plugin;
import net.md_5.bungee.api.plugin.PluginManager;
import net.md_5.bungee.api.scheduler.TaskScheduler;

/** A proxy without a network: BungeeCord's own plugin manager, loader and events, and players who only listen. */
public final class MemoryProxy extends ProxyServer implements ProxyInMemory<MemorySender, ProxiedPlayer> {
    private final MemorySender console = new MemorySender("CONSOLE", Set.of("*"));

    private final Logger logger = Logger.getAnonymousLogger();
    private final List<String> log = new ArrayList<>();
    private final Map<UUID, ProxiedPlayer> players = new ConcurrentHashMap<>();
    private final ExecutorService tasks = Executors.newCachedThreadPool();
    private final Path folder;
    private final PluginManager plugins;
    private final CommandSender consoleSender = console.as(CommandSender.class, Map.of());

    /** With no plugins so far. */
    public MemoryProxy() {
        try {
            folder = Files.createTempDirectory("memory-proxy");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        logger.setUseParentHandlers(false);
        logger.addHandler(new Handler() {
            @Override
            public void publish(LogRecord entry) {
                synchronized (log) {
                    log.add(entry.getLevel() + " " + new SimpleFormatter().formatMessage(entry) + (entry.getThrown() == null ? "" : " " + entry.getThrown()));
                }
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        });
        if (ProxyServer.getInstance() == null) {
            ProxyServer.setInstance(this);
        }
        plugins = new PluginManager(this);
        forgetOtherProxies();
    }

    /** A process has one proxy: its loader looks for classes in every plugin that any proxy here has loaded. */
    private static void forgetOtherProxies() {
        try {
            Field loaders = Class.forName("net.md_5.bungee.api.plugin.PluginClassloader").getDeclaredField("allLoaders");
            loaders.setAccessible(true);
            ((Collection<?>) loaders.get(null)).clear();
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public Path folder() {
        return folder;
    }

    /** The proxy takes the jars by their names, and a plugin after those that it depends on. */
    @Override
    public void add(Path jar) throws IOException {
        Files.copy(jar, folder.resolve(jar.getFileName()));
    }

    @Override
    public void pretend(String name, String version) throws IOException {
        Compiled.into(
                folder.resolve(name + ".jar"), Path.of("src/test/plugin/OtherPlugin.java"), folder,
                "bungee.yml", "name: " + name + "\nmain: OtherPlugin\nversion: " + version + "\nauthor: a test\n");
    }

    @Override
    public MemorySender console() {
        return console;
    }

    @Override
    public Object plugin(String name) {
        return plugins.getPlugin(name);
    }

    @Override
    public void start() {
        plugins.detectPlugins(folder.toFile());
        plugins.loadPlugins();
        plugins.enablePlugins();
    }

    @Override
    public String log() {
        synchronized (log) {
            return String.join("\n", log);
        }
    }

    /** What is logged about loading plugins is in that of the first proxy there was. */
    @Override
    public String otherLog() {
        return "\nlog of the first:\n" + ((MemoryProxy) ProxyServer.getInstance()).log();
    }

    @Override
    public boolean dispatch(String line) {
        return plugins.dispatchCommand(consoleSender, line);
    }

    @Override
    public boolean dispatch(ProxiedPlayer session, String line) {
        return plugins.dispatchCommand(session, line);
    }

    @Override
    public List<String> complete(String line) {
        List<String> proposed = new ArrayList<>();
        plugins.dispatchCommand(consoleSender, line, proposed);
        return proposed;
    }

    @Override
    public ProxiedPlayer join(MemorySender who, UUID id, boolean onlineMode) {
        PendingConnection connection = who.as(PendingConnection.class, Map.of(
                "getUniqueId", id, "isOnlineMode", onlineMode, "getName", who.name()));
        LoginEvent login = plugins.callEvent(new LoginEvent(connection, (event, failure) -> {}));
        if (login.isCancelled()) {
            return null;
        }
        ProxiedPlayer player = who.as(ProxiedPlayer.class, Map.of(
                "getUniqueId", id, "getName", who.name(), "getPendingConnection", connection, "isConnected", true));
        players.put(id, player);
        plugins.callEvent(new PostLoginEvent(player, null, (event, failure) -> {}));
        return player;
    }

    @Override
    public void quit(ProxiedPlayer player) {
        plugins.callEvent(new PlayerDisconnectEvent(player));
        players.remove(player.getUniqueId());
    }

    @Override
    public void close() {
        for (Plugin plugin : plugins.getPlugins()) {
            plugin.onDisable();
            plugins.unregisterListeners(plugin);
            plugins.unregisterCommands(plugin);
        }
        tasks.shutdown();
    }

    @SuppressWarnings("unchecked")
    private static <T> T answering(Class<T> type, InvocationHandler handler) {
        return (T) Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler);
    }

    @Override
    public String getName() {
        return "memory";
    }

    @Override
    public String getVersion() {
        return "1";
    }

    @Override
    public Logger getLogger() {
        return logger;
    }

    @Override
    public Collection<ProxiedPlayer> getPlayers() {
        return List.copyOf(players.values());
    }

    @Override
    public ProxiedPlayer getPlayer(String name) {
        return players.values().stream().filter(player -> player.getName().equalsIgnoreCase(name)).findFirst().orElse(null);
    }

    @Override
    public ProxiedPlayer getPlayer(UUID id) {
        return players.get(id);
    }

    @Override
    public PluginManager getPluginManager() {
        return plugins;
    }

    @Override
    public CommandSender getConsole() {
        return consoleSender;
    }

    @Override
    public File getPluginsFolder() {
        return folder.toFile();
    }

    @Override
    public TaskScheduler getScheduler() {
        return answering(TaskScheduler.class, (self, method, args) -> {
            if (!method.getName().equals("runAsync")) {
                throw new UnsupportedOperationException(method.toString());
            }
            tasks.execute((Runnable) args[1]);
            return null;
        });
    }

    @Override
    public int getOnlineCount() {
        return players.size();
    }

    @Override
    public Collection<String> getDisabledCommands() {
        return Set.of();
    }

    @Override
    public ProxyConfig getConfig() {
        return answering(ProxyConfig.class, (self, method, args) -> switch (method.getName()) {
            case "isOnlineMode" -> true;
            case "isLogCommands" -> false;
            case "getDisabledCommands" -> Set.of();
            default -> throw new UnsupportedOperationException(method.toString());
        });
    }

    @Override
    public String getTranslation(String name, Object... args) {
        return name;
    }

    @Override
    public Map<String, ServerInfo> getServers() {
        return Map.of();
    }

    @Override
    public ServerInfo getServerInfo(String name) {
        return null;
    }

    @Override
    public ConfigurationAdapter getConfigurationAdapter() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void setConfigurationAdapter(ConfigurationAdapter adapter) {
        throw new UnsupportedOperationException();
    }

    @Override
    public ReconnectHandler getReconnectHandler() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void setReconnectHandler(ReconnectHandler handler) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void stop() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void stop(String reason) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void registerChannel(String channel) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void unregisterChannel(String channel) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Collection<String> getChannels() {
        return Set.of();
    }

    @Override
    @Deprecated
    public String getGameVersion() {
        return "1.21";
    }

    @Override
    @Deprecated
    public int getProtocolVersion() {
        return 0;
    }

    @Override
    public ServerInfo constructServerInfo(String name, InetSocketAddress address, String motd, boolean restricted) {
        throw new UnsupportedOperationException();
    }

    @Override
    public ServerInfo constructServerInfo(String name, SocketAddress address, String motd, boolean restricted) {
        throw new UnsupportedOperationException();
    }

    @Override
    @Deprecated
    public void broadcast(String message) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void broadcast(BaseComponent... message) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void broadcast(BaseComponent message) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Collection<ProxiedPlayer> matchPlayer(String match) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Title createTitle() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Unsafe unsafe() {
        throw new UnsupportedOperationException();
    }
}
