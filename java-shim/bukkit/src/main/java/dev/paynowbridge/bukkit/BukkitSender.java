package dev.paynowbridge.bukkit;

import dev.paynowbridge.common.Sender;
import dev.paynowbridge.common.Visitor;
import java.util.Optional;
import org.bukkit.command.CommandSender;
import org.bukkit.command.ConsoleCommandSender;
import org.bukkit.entity.Player;

/**
 * Who gave a command.
 *
 * @param sender as Bukkit knows them
 */
record BukkitSender(CommandSender sender) implements Sender {
    static Visitor visitor(Player player) {
        return new Visitor(player.getUniqueId(), player.getName());
    }

    @Override
    public Optional<Visitor> player() {
        return sender instanceof Player player ? Optional.of(visitor(player)) : Optional.empty();
    }

    /** Remote consoles, command blocks and whatever else there is are gone, or not to be touched from here, by then. */
    @Override
    public boolean hearsLater() {
        return sender instanceof Player || sender instanceof ConsoleCommandSender;
    }

    @Override
    public boolean hasPermission(String permission) {
        return sender.hasPermission(permission);
    }

    @Override
    public void send(String text) {
        sender.sendMessage(text);
    }

    @Override
    public boolean canSee(Visitor other) {
        if (!(sender instanceof Player viewer)) {
            return true;
        }
        Player player = viewer.getServer().getPlayer(other.id());
        return player != null && viewer.canSee(player);
    }
}
