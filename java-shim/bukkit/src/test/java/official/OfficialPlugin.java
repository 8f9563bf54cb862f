package official;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.bukkit.plugin.java.JavaPlugin;

/** Stands for PayNow's own plugin: as much of it as can be seen from outside. */
public final class OfficialPlugin extends JavaPlugin {
    @Override
    public InputStream getResource(String name) {
        return new ByteArrayInputStream("name: PayNow\nversion: '2.1'\n".getBytes(StandardCharsets.UTF_8));
    }
}
