package inmemory;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.bukkit.plugin.java.JavaPlugin;

/** A plugin of some name that does nothing. */
public final class NamedPlugin extends JavaPlugin {
    private final String name;

    public NamedPlugin(String name) {
        this.name = name;
    }

    @Override
    public InputStream getResource(String resource) {
        return new ByteArrayInputStream(("name: " + name + "\nversion: '1'\n").getBytes(StandardCharsets.UTF_8));
    }
}
