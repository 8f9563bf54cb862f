package dev.paynowbridge.velocity;

import com.velocitypowered.api.command.CommandSource;
import com.velocitypowered.api.proxy.ConsoleCommandSource;
import com.velocitypowered.api.proxy.Player;
import dev.paynowbridge.common.Permission;
import dev.paynowbridge.common.Sender;
import dev.paynowbridge.common.Visitor;
import java.util.Optional;
import net.kyori.adventure.text.serializer.legacy.LegacyComponentSerializer;

/**
 * Who gave a command.
 *
 * @param source as the proxy knows them
 */
record VelocitySender(CommandSource source) implements Sender {
    private static final LegacyComponentSerializer COLOURS = LegacyComponentSerializer.builder()
            .character(LegacyComponentSerializer.SECTION_CHAR)
            .hexColors()
            .useUnusualXRepeatedCharacterHexFormat()
            .build();

    /** The proxy has asked Mojang who they are, or has not: each connection says so. */
    static Visitor visitor(Player player) {
        return new Visitor(player.getUniqueId(), player.getUsername(), !player.isOnlineMode());
    }

    @Override
    public Optional<Visitor> player() {
        return source instanceof Player player ? Optional.of(visitor(player)) : Optional.empty();
    }

    /** What else there is came with some plugin, and may be gone by then. */
    @Override
    public boolean hearsLater() {
        return source instanceof Player || source instanceof ConsoleCommandSource;
    }

    /** Where the owner has said nothing, every player has what every player has. */
    @Override
    public boolean hasPermission(String permission) {
        return switch (source.getPermissionValue(permission)) {
            case TRUE -> true;
            case FALSE -> false;
            case UNDEFINED -> Permission.ALL.stream()
                    .anyMatch(known -> known.name().equals(permission) && known.given() == Permission.Given.EVERYBODY);
        };
    }

    @Override
    public void send(String text) {
        source.sendMessage(COLOURS.deserialize(text));
    }

    /** Who hides from whom is known on the servers behind the proxy: here the names of all are known to those who may ask. */
    @Override
    public boolean canSee(Visitor other) {
        return true;
    }
}
