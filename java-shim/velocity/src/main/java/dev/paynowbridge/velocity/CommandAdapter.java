package dev.paynowbridge.velocity;

import com.velocitypowered.api.command.SimpleCommand;
import dev.paynowbridge.common.Commands;
import java.util.List;

/** Hands commands on. */
final class CommandAdapter implements SimpleCommand {
    private final Commands commands;

    CommandAdapter(Commands commands) {
        this.commands = commands;
    }

    @Override
    public void execute(Invocation invocation) {
        commands.run(new VelocitySender(invocation.source()), invocation.arguments());
    }

    @Override
    public List<String> suggest(Invocation invocation) {
        return commands.complete(new VelocitySender(invocation.source()), invocation.arguments());
    }
}
