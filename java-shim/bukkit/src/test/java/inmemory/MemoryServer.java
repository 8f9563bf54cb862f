package inmemory;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.bukkit.Server;
import org.bukkit.command.BlockCommandSender;
import org.bukkit.command.ConsoleCommandSender;
import org.bukkit.command.PluginCommand;
import org.bukkit.command.RemoteConsoleCommandSender;
import org.bukkit.entity.Player;
import org.bukkit.event.Event;
import org.bukkit.event.EventHandler;
import org.bukkit.event.Listener;
import org.bukkit.event.player.AsyncPlayerPreLoginEvent;
import org.bukkit.event.player.PlayerJoinEvent;
import org.bukkit.event.player.PlayerQuitEvent;
import org.bukkit.event.server.PluginDisableEvent;
import org.bukkit.event.server.PluginEnableEvent;
import org.bukkit.permissions.Permission;
import org.bukkit.permissions.PermissionDefault;
import org.bukkit.plugin.IllegalPluginAccessException;
import org.bukkit.plugin.Plugin;
import org.bukkit.plugin.PluginManager;
import org.bukkit.plugin.ServicePriority;
import org.bukkit.plugin.ServicesManager;
import org.bukkit.plugin.java.JavaPlugin;
import org.bukkit.scheduler.BukkitScheduler;
import org.bukkit.scheduler.BukkitTask;

/** A server in memory: the thread that makes it is its main thread, and ticks when a test waits for something. */
public class MemoryServer implements Server, PluginManager, ServicesManager, AutoCloseable {
    private static final long PATIENCE_NANOS = 60_000_000_000L;

    /** What was said to a player on a thread that must not. */
    public final List<String> violations = new CopyOnWriteArrayList<>();

    /** All lines of the log; what the console hears is in it too, as on a real server. */
    private final List<String> log = new CopyOnWriteArrayList<>();

    private final Thread main = Thread.currentThread();
    private final Path folder;
    private final Queue<Runnable> waiting = new ConcurrentLinkedQueue<>();
    private final Map<Runnable, Plugin> repeated = new LinkedHashMap<>();
    private final Map<UUID, MemoryPlayer> players = new ConcurrentHashMap<>();
    private final Map<JavaPlugin, List<Listener>> plugins = new LinkedHashMap<>();
    private final Map<Class<?>, List<Object>> services = new HashMap<>();
    private final Map<Object, Plugin> providers = new HashMap<>();

    /** Whether the server asks Mojang who players are. */
    public volatile boolean onlineMode = true;

    private final Map<String, Permission> permissions = new ConcurrentHashMap<>();

    public final MemorySender console = new Console();

    /** The console. */
    private final class Console extends MemorySender implements ConsoleCommandSender {
        Console() {
            super(MemoryServer.this, "CONSOLE", true);
        }

        @Override
        public void sendMessage(String message) {
            super.sendMessage(message);
            log.add(message);
        }
    }

    /** A console far away: what comes after its command has ended is not heard. */
    public final class Rcon extends MemorySender implements RemoteConsoleCommandSender {
        public Rcon() {
            super(MemoryServer.this, "Rcon", true);
        }
    }

    /** A command block. */
    public final class Block extends MemorySender implements BlockCommandSender {
        public Block() {
            super(MemoryServer.this, "@", true);
        }
    }

    public MemoryServer() {
        try {
            folder = Files.createTempDirectory("memory-server");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean isMainThread() {
        return Thread.currentThread() == main;
    }

    public String log() {
        return String.join("\n", log);
    }

    public Path folder(String plugin) {
        return folder.resolve(plugin);
    }

    // Plugins.

    public void enable(JavaPlugin plugin) {
        Logger logger = Logger.getAnonymousLogger();
        logger.setUseParentHandlers(false);
        logger.setLevel(Level.ALL);
        logger.addHandler(new Handler() {
            @Override
            public void publish(LogRecord line) {
                StringWriter text = new StringWriter();
                text.append(line.getLevel().getName()).append(' ').append(line.getMessage());
                if (line.getThrown() != null) {
                    line.getThrown().printStackTrace(new PrintWriter(text));
                }
                log.add(text.toString());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        });
        plugin.attach(this, folder.toFile(), logger);
        registerPermissions(plugin);
        plugins.put(plugin, new ArrayList<>());
        plugin.setEnabled(true);
        call(new PluginEnableEvent(plugin));
    }

    public void disable(JavaPlugin plugin) {
        call(new PluginDisableEvent(plugin));
        plugin.setEnabled(false);
        plugins.remove(plugin);
        repeated.values().removeIf(owner -> owner == plugin);
        services.values().forEach(list -> list.removeIf(provider -> providers.get(provider) == plugin));
        providers.values().removeIf(owner -> owner == plugin);
        services.values().removeIf(List::isEmpty);
    }

    /** Whether plugins are loaded in a way that passes over the permissions of plugin.yml. */
    public boolean hotLoads;

    private void registerPermissions(JavaPlugin plugin) {
        if (!hotLoads && plugin.description().get("permissions") instanceof Map<?, ?> all) {
            all.forEach((name, about) -> addPermission(new Permission(
                    (String) name, "", PermissionDefault.valueOf(String.valueOf(((Map<?, ?>) about).get("default")).toUpperCase(Locale.ROOT)))));
        }
    }

    @Override
    public Permission getPermission(String name) {
        return permissions.get(name);
    }

    @Override
    public void addPermission(Permission permission) {
        permissions.put(permission.getName(), permission);
    }

    /** What no plugin registered is every operator's. */
    boolean isGivenByDefault(String permission, boolean op) {
        Permission known = permissions.get(permission);
        return known == null ? op : switch (known.getDefault()) {
            case TRUE -> true;
            case FALSE -> false;
            case OP -> op;
            case NOT_OP -> !op;
        };
    }

    @Override
    public Plugin getPlugin(String name) {
        return plugins.keySet().stream().filter(plugin -> plugin.getName().equals(name)).findFirst().orElse(null);
    }

    @Override
    public boolean getOnlineMode() {
        return onlineMode;
    }

    @Override
    public boolean isPrimaryThread() {
        return isMainThread();
    }

    // Players.

    MemoryPlayer player(String name, UUID id, boolean op) {
        return new MemoryPlayer(this, name, id, op);
    }

    /** Logs a player in; null when a listener does not want them. */
    public MemoryPlayer join(String name, UUID id, boolean op) {
        AsyncPlayerPreLoginEvent login = new AsyncPlayerPreLoginEvent(name, InetAddress.getLoopbackAddress(), id);
        Thread thread = new Thread(() -> call(login), "User Authenticator");
        thread.start();
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        if (login.getLoginResult() != AsyncPlayerPreLoginEvent.Result.ALLOWED) {
            return null;
        }
        MemoryPlayer player = player(name, id, op);
        MemoryPlayer before = players.get(id);
        if (before != null) {
            quit(before);
        }
        players.put(id, player);
        call(new PlayerJoinEvent(player, null));
        return player;
    }

    public void quit(MemoryPlayer player) {
        call(new PlayerQuitEvent(player, null));
        player.online = false;
        players.remove(player.getUniqueId());
    }

    @Override
    public Collection<? extends Player> getOnlinePlayers() {
        return players.values();
    }

    @Override
    public Player getPlayerExact(String name) {
        return players.values().stream().filter(p -> p.getName().equalsIgnoreCase(name)).findFirst().orElse(null);
    }

    @Override
    public Player getPlayer(UUID id) {
        return players.get(id);
    }

    // Commands.

    private PluginCommand command(String name) {
        return plugins.keySet().stream()
                .map(plugin -> plugin.commands().get(name))
                .filter(java.util.Objects::nonNull)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no command " + name));
    }

    public void dispatch(MemorySender sender, String line) {
        String[] words = line.split(" ");
        PluginCommand command = command(words[0]);
        command.executor.onCommand(sender, command, words[0], Arrays.copyOfRange(words, 1, words.length));
    }

    public List<String> complete(MemorySender sender, String line) {
        String[] words = line.split(" ", -1);
        PluginCommand command = command(words[0]);
        return command.completer.onTabComplete(sender, command, words[0], Arrays.copyOfRange(words, 1, words.length));
    }

    // Ticks.

    void later(Runnable task) {
        waiting.add(task);
    }

    /** Takes a task that runs in each tick until its plugin is disabled. */
    void repeat(Plugin plugin, Runnable task, long delay, long period) {
        requireEnabled(plugin);
        if (delay != 1 || period != 1) {
            throw new UnsupportedOperationException("only each tick");
        }
        repeated.put(task, plugin);
    }

    static void requireEnabled(Plugin plugin) {
        if (!plugin.isEnabled()) {
            throw new IllegalPluginAccessException("the plugin is disabled");
        }
    }

    public void tick() {
        repeated.keySet().forEach(Runnable::run);
        for (Runnable task = waiting.poll(); task != null; task = waiting.poll()) {
            task.run();
        }
    }

    /** Ticks until it is so. */
    public void until(BooleanSupplier done, String what) {
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (!done.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError(what + "\nlog:\n" + log());
            }
            tick();
            try {
                Thread.sleep(1);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    @Override
    public BukkitScheduler getScheduler() {
        return new BukkitScheduler() {
            @Override
            public BukkitTask runTask(Plugin plugin, Runnable task) {
                requireEnabled(plugin);
                later(() -> {
                    if (plugin.isEnabled()) {
                        task.run();
                    }
                });
                return new BukkitTask() {};
            }

            @Override
            public BukkitTask runTaskTimer(Plugin plugin, Runnable task, long delay, long period) {
                repeat(plugin, task, delay, period);
                return new BukkitTask() {};
            }
        };
    }

    // Events.

    @Override
    public PluginManager getPluginManager() {
        return this;
    }

    @Override
    public void registerEvents(Listener listener, Plugin plugin) {
        plugins.get(plugin).add(listener);
    }

    public void call(Event event) {
        List<Listener> listeners = new ArrayList<>();
        plugins.values().forEach(listeners::addAll);
        listeners.stream()
                .flatMap(listener -> Stream.of(listener.getClass().getDeclaredMethods())
                        .filter(method -> method.isAnnotationPresent(EventHandler.class))
                        .filter(method -> method.getParameterTypes()[0] == event.getClass())
                        .map(method -> Map.entry(method, listener)))
                .sorted(Comparator.comparing(entry -> entry.getKey().getAnnotation(EventHandler.class).priority()))
                .forEach(entry -> invoke(entry.getKey(), entry.getValue(), event));
    }

    private static void invoke(Method method, Listener listener, Event event) {
        try {
            method.setAccessible(true);
            method.invoke(listener, event);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    // Services.

    @Override
    public ServicesManager getServicesManager() {
        return this;
    }

    @Override
    public synchronized <T> void register(Class<T> service, T provider, Plugin plugin, ServicePriority priority) {
        services.computeIfAbsent(service, key -> new ArrayList<>()).add(provider);
        providers.put(provider, plugin);
    }

    @Override
    public synchronized void unregister(Object provider) {
        services.values().forEach(list -> list.remove(provider));
        providers.remove(provider);
    }

    @Override
    public synchronized <T> T load(Class<T> service) {
        List<Object> found = services.getOrDefault(service, List.of());
        return found.isEmpty() ? null : service.cast(found.get(0));
    }

    /** All there are, so that none is left behind. */
    public synchronized int services() {
        return services.values().stream().mapToInt(List::size).sum();
    }

    /** Stops: disables what is enabled, and removes the folder. */
    @Override
    public void close() {
        new ArrayList<>(plugins.keySet()).forEach(this::disable);
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (!violations.isEmpty()) {
            throw new AssertionError(violations.toString());
        }
    }
}
