package inmemory;

import java.util.UUID;
import net.kyori.adventure.audience.Audience;
import org.bukkit.Server;
import org.bukkit.entity.Player;

/** A player; on Paper each is an audience too. */
public class MemoryPlayer extends MemorySender implements Player, Audience {
    private final UUID id;
    volatile boolean online = true;
    public volatile boolean vanished;

    MemoryPlayer(MemoryServer server, String name, UUID id, boolean op) {
        super(server, name, op);
        this.id = id;
    }

    @Override
    public UUID getUniqueId() {
        return id;
    }

    @Override
    public Server getServer() {
        return server;
    }

    @Override
    public boolean isOnline() {
        return online;
    }

    @Override
    public boolean canSee(Player player) {
        return !((MemoryPlayer) player).vanished;
    }
}
