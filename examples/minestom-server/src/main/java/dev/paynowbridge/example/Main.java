package dev.paynowbridge.example;

import dev.paynowbridge.PayNowClient;
import dev.paynowbridge.PayNowOperations;
import dev.paynowbridge.TickExecutor;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Set;
import net.minestom.server.Auth;
import net.minestom.server.MinecraftServer;
import net.minestom.server.coordinate.Pos;
import net.minestom.server.event.GlobalEventHandler;
import net.minestom.server.event.player.AsyncPlayerConfigurationEvent;
import net.minestom.server.event.player.PlayerDisconnectEvent;
import net.minestom.server.event.player.PlayerSpawnEvent;
import net.minestom.server.event.server.ServerTickMonitorEvent;
import net.minestom.server.instance.InstanceContainer;
import net.minestom.server.instance.block.Block;
import net.minestom.server.timer.TaskSchedule;

/**
 * A Minecraft server whose players have accounts in a PayNow store.
 *
 * <p>{@code PAYNOW_STORE_ID}, {@code PAYNOW_API_KEY} and {@code PAYNOW_API_BASE} say which store, {@code DEADLINE_SECONDS} how
 * long its answers may take. {@code PORT} is the port on loopback (0 takes a free one). {@code FORWARDING_SECRET} is the secret of a proxy that says who players are (BungeeGuard);
 * without one players log in at Mojang.
 */
public final class Main {
    /** How much of a tick answers may take; those that are left come in the next one. */
    private static final Duration ANSWERS_PER_TICK = Duration.ofMillis(2);

    private static final String DEFAULT_PORT = "25565";

    private Main() {}

    public static void main(String[] args) {
        PayNowClient.Builder settings = PayNowClient.builder(required("PAYNOW_STORE_ID"))
                .apiKeyEnv("PAYNOW_API_KEY")
                .userAgent("minestom-example");
        String base = System.getenv("PAYNOW_API_BASE");
        if (base != null) {
            settings.apiBase(base);
        }
        String deadline = System.getenv("DEADLINE_SECONDS");
        if (deadline != null) {
            settings.deadline(Duration.ofSeconds(Long.parseLong(deadline)));
        }
        PayNowClient client = settings.build();
        TickExecutor tick = new TickExecutor();
        PayNowOperations paynow = client.on(tick);

        MinecraftServer server = MinecraftServer.init(howPlayersLogIn());
        InstanceContainer world = MinecraftServer.getInstanceManager().createInstanceContainer();
        world.setGenerator(unit -> unit.modifier().fillHeight(0, 40, Block.GRASS_BLOCK));

        Meter meter = new Meter();
        Load load = new Load(paynow, meter);
        MinecraftServer.getSchedulerManager()
                .buildTask(() -> meter.inStore(() -> {
                    load.tick();
                    tick.drain(ANSWERS_PER_TICK);
                }))
                .repeat(TaskSchedule.nextTick())
                .schedule();

        StoreCommands commands = new StoreCommands(paynow);
        MinecraftServer.getCommandManager().register(commands.store(), commands.giftcard(), meter.tps());

        GlobalEventHandler events = MinecraftServer.getGlobalEventHandler();
        events.addListener(AsyncPlayerConfigurationEvent.class, event -> {
            event.setSpawningInstance(world);
            event.getPlayer().setRespawnPoint(new Pos(0, 41, 0));
        });
        events.addListener(PlayerSpawnEvent.class, event -> {
            if (event.isFirstSpawn()) {
                commands.welcome(event.getPlayer());
            }
        });
        events.addListener(PlayerDisconnectEvent.class, event -> client.cancelAll(event.getPlayer().getUuid()));
        events.addListener(ServerTickMonitorEvent.class, event -> meter.ticked(event.getTickMonitor().getTickTime()));

        MinecraftServer.getSchedulerManager().buildShutdownTask(() -> {
            client.close();
            tick.close();
        });
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", DEFAULT_PORT));
        server.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        new Console(client, meter, load).run();
        MinecraftServer.stopCleanly();
    }

    /** A player's name buys things here, so a client must not merely claim one: Mojang or a proxy vouches for it. */
    private static Auth howPlayersLogIn() {
        String secret = System.getenv("FORWARDING_SECRET");
        return secret == null || secret.isEmpty() ? new Auth.Online() : new Auth.Bungee(Set.of(secret));
    }

    private static String required(String variable) {
        String value = System.getenv(variable);
        if (value == null) {
            System.err.println("Set PAYNOW_STORE_ID and PAYNOW_API_KEY, or use demo.sh.");
            System.exit(2);
        }
        return value;
    }
}
