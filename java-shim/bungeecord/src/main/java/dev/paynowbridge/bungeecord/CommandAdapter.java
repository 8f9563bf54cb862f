package dev.paynowbridge.bungeecord;

import dev.paynowbridge.common.Commands;
import dev.paynowbridge.common.ProxyHost;
import net.md_5.bungee.api.CommandSender;
import net.md_5.bungee.api.plugin.Command;
import net.md_5.bungee.api.plugin.TabExecutor;

/** Hands commands on. */
final class CommandAdapter extends Command implements TabExecutor {
    private final BungeeHost host;
    private final Commands commands;

    CommandAdapter(BungeeHost host, Commands commands) {
        super(ProxyHost.COMMAND);
        this.host = host;
        this.commands = commands;
    }

    @Override
    public void execute(CommandSender sender, String[] args) {
        commands.run(host.sender(sender), args);
    }

    @Override
    public Iterable<String> onTabComplete(CommandSender sender, String[] args) {
        return commands.complete(host.sender(sender), args);
    }
}
