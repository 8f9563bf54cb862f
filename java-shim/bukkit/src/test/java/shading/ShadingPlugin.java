package shading;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.bukkit.plugin.java.JavaPlugin;

/** A plugin that may depend on ours and may carry the API in its jar. */
public final class ShadingPlugin extends JavaPlugin {
    private final String depends;
    private final boolean carries;

    public ShadingPlugin(String depends, boolean carries) {
        this.depends = depends;
        this.carries = carries;
    }

    @Override
    public InputStream getResource(String name) {
        if (!name.equals("plugin.yml")) {
            return carries && name.equals("dev/paynowbridge/PayNowService.class") ? InputStream.nullInputStream() : null;
        }
        return new ByteArrayInputStream(("name: Shading\nversion: '1'\n" + depends).getBytes(StandardCharsets.UTF_8));
    }
}
