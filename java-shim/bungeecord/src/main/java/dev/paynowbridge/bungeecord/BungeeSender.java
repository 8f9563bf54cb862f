package dev.paynowbridge.bungeecord;

import dev.paynowbridge.common.Sender;
import dev.paynowbridge.common.Visitor;
import java.util.Optional;
import net.md_5.bungee.api.CommandSender;
import net.md_5.bungee.api.chat.TextComponent;
import net.md_5.bungee.api.connection.ProxiedPlayer;

/**
 * Who gave a command.
 *
 * @param sender as the proxy knows them
 * @param isConsole whether it is the proxy's console
 */
record BungeeSender(CommandSender sender, boolean isConsole) implements Sender {
    /** The proxy has asked Mojang who they are, or has not: each connection says so. */
    static Visitor visitor(ProxiedPlayer player) {
        return new Visitor(player.getUniqueId(), player.getName(), !player.getPendingConnection().isOnlineMode());
    }

    @Override
    public Optional<Visitor> player() {
        return sender instanceof ProxiedPlayer player ? Optional.of(visitor(player)) : Optional.empty();
    }

    /** What else there is came with some plugin, and may be gone by then. */
    @Override
    public boolean hearsLater() {
        return isConsole || sender instanceof ProxiedPlayer;
    }

    @Override
    public boolean hasPermission(String permission) {
        return sender.hasPermission(permission);
    }

    /** Older proxies have this method alone. */
    @Override
    @SuppressWarnings("deprecation")
    public void send(String text) {
        sender.sendMessage(new TextComponent(TextComponent.fromLegacyText(text)));
    }

    /** Who hides from whom is known on the servers behind the proxy: here the names of all are known to those who may ask. */
    @Override
    public boolean canSee(Visitor other) {
        return true;
    }
}
