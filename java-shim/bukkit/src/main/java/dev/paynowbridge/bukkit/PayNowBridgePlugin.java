package dev.paynowbridge.bukkit;

import dev.paynowbridge.common.Bridge;
import dev.paynowbridge.common.LuckPermsContexts;
import dev.paynowbridge.common.MiniPlaceholders;
import dev.paynowbridge.common.Permission;
import dev.paynowbridge.common.Placeholders;
import java.util.function.UnaryOperator;
import org.bukkit.command.PluginCommand;
import org.bukkit.entity.Player;
import org.bukkit.permissions.PermissionDefault;
import org.bukkit.plugin.PluginManager;
import org.bukkit.plugin.java.JavaPlugin;
import org.jspecify.annotations.Nullable;

/**
 * The plugin on a server with Bukkit's API. Other plugins find the client as the service
 * {@link dev.paynowbridge.PayNowService}, which stays the same through {@code /paynowbridge reload}.
 */
public class PayNowBridgePlugin extends JavaPlugin {
    private final UnaryOperator<String> environment;
    private @Nullable Bridge bridge;

    /** For the server. */
    public PayNowBridgePlugin() {
        this(System::getenv);
    }

    PayNowBridgePlugin(UnaryOperator<String> environment) {
        this.environment = environment;
    }

    /** On the thread that enables plugins. Waits for no network. */
    @Override
    public void onEnable() {
        registerPermissions();
        BukkitHost host = new BukkitHost(this);
        bridge = new Bridge(host, environment);
        getServer().getPluginManager().registerEvents(new Sessions(bridge), this);
        getServer().getPluginManager().registerEvents(new EnabledPlugins(host), this);
        PluginCommand command = getCommand("paynowbridge");
        CommandAdapter commands = new CommandAdapter(bridge.commands());
        command.setExecutor(commands);
        command.setTabCompleter(commands);
        bridge.enable();
        join(bridge);
    }

    /** What shows customers to players, and what gives them permissions. Their classes are touched where they are only. */
    private void join(Bridge to) {
        Placeholders placeholders = to.placeholders();
        to.join("PlaceholderAPI", () -> PlaceholderApi.register(placeholders, getDescription().getVersion()));
        to.join("MiniPlaceholders", () -> MiniPlaceholders.register(
                getClass().getClassLoader(), Player.class, player -> placeholders.of(BukkitSender.visitor((Player) player))));
        to.join("LuckPerms", () -> LuckPermsContexts.register(placeholders, BukkitSender::visitor));
    }

    /** Some plugin loaders pass over plugin.yml's permissions; an unknown one would be every operator's, and no player's. */
    private void registerPermissions() {
        PluginManager plugins = getServer().getPluginManager();
        for (Permission permission : Permission.ALL) {
            if (plugins.getPermission(permission.name()) == null) {
                plugins.addPermission(new org.bukkit.permissions.Permission(
                        permission.name(), permission.description(), given(permission.given())));
            }
        }
    }

    private static PermissionDefault given(Permission.Given given) {
        return switch (given) {
            case EVERYBODY -> PermissionDefault.TRUE;
            case OPERATORS -> PermissionDefault.OP;
            case NO_PLAYER -> PermissionDefault.FALSE;
        };
    }

    /** On the thread that disables plugins. Fails every call, and waits for nothing else. */
    @Override
    public void onDisable() {
        if (bridge != null) {
            bridge.disable();
        }
    }
}
