package inmemory;

import com.google.inject.AbstractModule;
import com.google.inject.Guice;
import com.velocitypowered.api.command.Command;
import com.velocitypowered.api.command.CommandManager;
import com.velocitypowered.api.command.CommandMeta;
import com.velocitypowered.api.command.CommandSource;
import com.velocitypowered.api.command.SimpleCommand;
import com.velocitypowered.api.event.EventManager;
import com.velocitypowered.api.event.Subscribe;
import com.velocitypowered.api.event.connection.DisconnectEvent;
import com.velocitypowered.api.event.connection.DisconnectEvent.LoginStatus;
import com.velocitypowered.api.event.connection.LoginEvent;
import com.velocitypowered.api.event.connection.PostLoginEvent;
import com.velocitypowered.api.event.proxy.ProxyInitializeEvent;
import com.velocitypowered.api.event.proxy.ProxyShutdownEvent;
import com.velocitypowered.api.permission.Tristate;
import com.velocitypowered.api.plugin.PluginContainer;
import com.velocitypowered.api.plugin.PluginDescription;
import com.velocitypowered.api.plugin.PluginManager;
import com.velocitypowered.api.plugin.annotation.DataDirectory;
import com.velocitypowered.api.plugin.meta.PluginDependency;
import com.velocitypowered.api.proxy.ConsoleCommandSource;
import com.velocitypowered.api.proxy.Player;
import com.velocitypowered.api.proxy.ProxyServer;
import com.velocitypowered.api.proxy.config.ProxyConfig;
import com.velocitypowered.api.scheduler.ScheduledTask;
import com.velocitypowered.api.scheduler.Scheduler;
import dev.paynowbridge.sandbox.ProxyInMemory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;

/**
 * A proxy without a network, of Velocity's signatures: makes plugins with Guice from the main class that velocity-plugin.json
 * names, calls their methods for events in their order, and has players who only listen.
 */
public final class MemoryProxy
        implements ProxyInMemory<MemoryPlayer, Player>, ProxyServer, EventManager, CommandManager, PluginManager, Scheduler {
    private final MemoryPlayer console = new MemoryPlayer("CONSOLE", Map.of("*", Tristate.TRUE));

    private final CommandSource consoleSource = console.as(ConsoleCommandSource.class, Map.of());
    private final Map<UUID, Player> players = new ConcurrentHashMap<>();
    private final Map<String, SimpleCommand> commands = new HashMap<>();
    private final Map<String, PluginContainer> plugins = new HashMap<>();
    private final List<Object> listeners = new ArrayList<>();
    private final List<URLClassLoader> loaders = new ArrayList<>();
    private final ExecutorService tasks = Executors.newCachedThreadPool();
    private final StringBuffer log = new StringBuffer();
    private final Path folder;

    private record Meta(String alias) implements CommandMeta {}

    /** With no plugins so far. */
    public MemoryProxy() {
        try {
            folder = Files.createTempDirectory("memory-proxy");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Path folder() {
        return folder;
    }

    @Override
    public MemoryPlayer console() {
        return console;
    }

    @Override
    public Object plugin(String name) {
        return plugins.get(name).getInstance().orElseThrow();
    }

    @Override
    public String log() {
        return log.toString();
    }

    /** Makes it at once. It sees the classes of those that were loaded before. */
    @Override
    public void add(Path jar) throws IOException, ReflectiveOperationException {
        ClassLoader before = loaders.isEmpty() ? MemoryProxy.class.getClassLoader() : loaders.get(loaders.size() - 1);
        URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, before);
        loaders.add(loader);
        String about = new String(
                loader.findResource("velocity-plugin.json").openStream().readAllBytes(), StandardCharsets.UTF_8);
        String id = field(about, "id");
        Object plugin = Guice.createInjector(new AbstractModule() {
                    @Override
                    protected void configure() {
                        bind(ProxyServer.class).toInstance(MemoryProxy.this);
                        bind(Logger.class).toInstance(logger());
                        bind(Path.class).annotatedWith(DataDirectory.class).toInstance(folder.resolve(id));
                    }
                })
                .getInstance(loader.loadClass(field(about, "main")));
        plugins.put(id, container(id, field(about, "version"), dependencies(about), plugin));
        register(plugin, plugin);
    }

    /** By its id, which is its name in small letters. */
    @Override
    public void pretend(String name, String version) {
        String id = name.toLowerCase(Locale.ROOT);
        plugins.put(id, container(id, version, List.of(), null));
    }

    private static String field(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\": \"([^\"]*)\"").matcher(json);
        if (!found.find()) {
            throw new AssertionError(name + " is not in " + json);
        }
        return found.group(1);
    }

    private static List<PluginDependency> dependencies(String json) {
        int all = json.indexOf("\"dependencies\"");
        return all < 0 ? List.of() : Pattern.compile("\"id\": \"([^\"]*)\"")
                .matcher(json.substring(all))
                .results()
                .map(found -> new PluginDependency(found.group(1), null, false))
                .toList();
    }

    private Logger logger() {
        return (Logger) Proxy.newProxyInstance(
                Logger.class.getClassLoader(), new Class<?>[] {Logger.class}, (self, method, args) -> {
                    if (args != null && args[0] instanceof String line) {
                        log.append(method.getName()).append(' ').append(line).append('\n');
                    }
                    return method.getReturnType() == boolean.class ? Boolean.TRUE : method.getName().equals("getName") ? "test" : null;
                });
    }

    private static PluginContainer container(String id, String version, List<PluginDependency> dependencies, Object instance) {
        PluginDescription about = new PluginDescription() {
            @Override
            public String getId() {
                return id;
            }

            @Override
            public Optional<String> getVersion() {
                return Optional.of(version);
            }

            @Override
            public Collection<PluginDependency> getDependencies() {
                return dependencies;
            }
        };
        return new PluginContainer() {
            @Override
            public PluginDescription getDescription() {
                return about;
            }

            @Override
            public Optional<?> getInstance() {
                return Optional.ofNullable(instance);
            }
        };
    }

    @Override
    public void start() {
        fire(new ProxyInitializeEvent());
    }

    /** Calls the methods for an event, in their order. */
    public <E> E fire(E event) {
        record Call(Object listener, Method method) {}
        List<Call> calls = new ArrayList<>();
        for (Object listener : List.copyOf(listeners)) {
            for (Method method : listener.getClass().getMethods()) {
                if (method.isAnnotationPresent(Subscribe.class) && method.getParameterTypes()[0] == event.getClass()) {
                    calls.add(new Call(listener, method));
                }
            }
        }
        calls.sort(Comparator.comparing(call -> call.method().getAnnotation(Subscribe.class).order()));
        for (Call call : calls) {
            try {
                call.method().invoke(call.listener(), event);
            } catch (InvocationTargetException e) {
                throw new AssertionError("a listener fails", e.getCause());
            } catch (IllegalAccessException e) {
                throw new AssertionError(e);
            }
        }
        return event;
    }

    /** Logs a session in; false when a plugin refuses it. */
    public boolean join(Player session) {
        if (!fire(new LoginEvent(session)).getResult().isAllowed()) {
            quit(session);
            return false;
        }
        players.put(session.getUniqueId(), session);
        fire(new PostLoginEvent(session));
        return true;
    }

    @Override
    public Player join(MemoryPlayer player, UUID id, boolean onlineMode) {
        Player session = player.session(id, onlineMode);
        return join(session) ? session : null;
    }

    /** A session ends, or a connection that was turned away before its login began. */
    @Override
    public void quit(Player session) {
        Player there = players.get(session.getUniqueId());
        players.remove(session.getUniqueId(), session);
        fire(new DisconnectEvent(
                session,
                there == null ? LoginStatus.CANCELLED_BY_PROXY
                        : there == session ? LoginStatus.SUCCESSFUL_LOGIN
                        : LoginStatus.CONFLICTING_LOGIN));
    }

    @Override
    public boolean dispatch(String line) {
        return dispatch(consoleSource, line);
    }

    @Override
    public boolean dispatch(Player session, String line) {
        return dispatch((CommandSource) session, line);
    }

    private boolean dispatch(CommandSource source, String line) {
        String[] words = line.split(" ");
        SimpleCommand command = commands.get(words[0]);
        if (command != null) {
            command.execute(invocation(source, List.of(words).subList(1, words.length).toArray(String[]::new)));
        }
        return command != null;
    }

    @Override
    public List<String> complete(String line) {
        String[] words = line.split(" ", -1);
        return commands.get(words[0]).suggest(invocation(consoleSource, Arrays.copyOfRange(words, 1, words.length)));
    }

    private static SimpleCommand.Invocation invocation(CommandSource source, String[] words) {
        return new SimpleCommand.Invocation() {
            @Override
            public CommandSource source() {
                return source;
            }

            @Override
            public String[] arguments() {
                return words;
            }
        };
    }

    @Override
    public void close() throws IOException {
        fire(new ProxyShutdownEvent());
        tasks.shutdown();
        for (URLClassLoader loader : loaders) {
            loader.close();
        }
    }

    @Override
    public Optional<Player> getPlayer(String name) {
        return players.values().stream().filter(player -> player.getUsername().equalsIgnoreCase(name)).findFirst();
    }

    @Override
    public Optional<Player> getPlayer(UUID id) {
        return Optional.ofNullable(players.get(id));
    }

    @Override
    public Collection<Player> getAllPlayers() {
        return List.copyOf(players.values());
    }

    @Override
    public PluginManager getPluginManager() {
        return this;
    }

    @Override
    public EventManager getEventManager() {
        return this;
    }

    @Override
    public CommandManager getCommandManager() {
        return this;
    }

    @Override
    public Scheduler getScheduler() {
        return this;
    }

    @Override
    public ProxyConfig getConfiguration() {
        return () -> true;
    }

    @Override
    public void register(Object plugin, Object listener) {
        if (listener.getClass().getPackageName().isEmpty()) {
            throw new IllegalStateException("as the proxy does: it makes a class in the package of the listener, which must have one");
        }
        listeners.add(listener);
    }

    @Override
    public CommandMeta.Builder metaBuilder(String alias) {
        return new CommandMeta.Builder() {
            @Override
            public CommandMeta.Builder plugin(Object plugin) {
                return this;
            }

            @Override
            public CommandMeta build() {
                return new Meta(alias);
            }
        };
    }

    @Override
    public void register(CommandMeta meta, Command command) {
        commands.put(((Meta) meta).alias(), (SimpleCommand) command);
    }

    @Override
    public Optional<PluginContainer> getPlugin(String id) {
        return Optional.ofNullable(plugins.get(id));
    }

    @Override
    public Collection<PluginContainer> getPlugins() {
        return plugins.values();
    }

    @Override
    public TaskBuilder buildTask(Object plugin, Runnable task) {
        return () -> {
            tasks.execute(task);
            return new ScheduledTask() {};
        };
    }
}
