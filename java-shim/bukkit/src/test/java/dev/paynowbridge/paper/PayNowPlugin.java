package dev.paynowbridge.paper;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.bukkit.plugin.java.JavaPlugin;

/** Stands for version 0.1: as much of it as can be seen from outside. */
public final class PayNowPlugin extends JavaPlugin {
    @Override
    public InputStream getResource(String name) {
        return new ByteArrayInputStream("name: PayNow\nversion: '0.1.0'\n".getBytes(StandardCharsets.UTF_8));
    }
}
