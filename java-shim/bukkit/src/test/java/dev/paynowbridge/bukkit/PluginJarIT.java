package dev.paynowbridge.bukkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.paynowbridge.sandbox.LuckPermsInMemory;
import dev.paynowbridge.sandbox.MiniMessages;
import dev.paynowbridge.sandbox.Sandbox;
import inmemory.MemoryPlayer;
import inmemory.MemoryServer;
import inmemory.NamedPlugin;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import me.clip.placeholderapi.expansion.PlaceholderExpansion;
import org.bukkit.plugin.java.JavaPlugin;
import org.junit.jupiter.api.Test;

/** The jar as a server gets it. */
class PluginJarIT {
    private static final Path JAR = Path.of(System.getProperty("paynow.plugin.jar"));

    @Test
    void itHoldsThePluginTheApiAndTheLibraryAndNothingElse() throws IOException {
        Set<String> folders = new TreeSet<>();
        try (JarFile jar = new JarFile(JAR.toFile())) {
            for (Enumeration<JarEntry> entries = jar.entries(); entries.hasMoreElements(); ) {
                JarEntry entry = entries.nextElement();
                String name = entry.getName();
                if (!entry.isDirectory() && !name.startsWith("META-INF/")) {
                    folders.add(name.startsWith("dev/paynowbridge/natives/")
                            ? "natives"
                            : name.startsWith("dev/paynowbridge/libs/snakeyaml/") ? "snakeyaml"
                            : name.contains("/") ? name.substring(0, name.lastIndexOf('/')) : name);
                }
                if (name.endsWith(".class")) {
                    try (InputStream in = jar.getInputStream(entry)) {
                        assertTrue(new ClassFile(in.readAllBytes()).major <= 61, name);
                    }
                }
            }
            String yml = new String(jar.getInputStream(jar.getEntry("plugin.yml")).readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(yml.contains("folia-supported: true") && yml.contains("api-version: '1.13'"), yml);
            assertFalse(yml.contains("${"), yml);
            assertNotNull(jar.getEntry("dev/paynowbridge/PayNowClient.class"));
        }
        assertEquals(
                new TreeSet<>(Set.of(
                        "plugin.yml", "natives", "snakeyaml", "dev/paynowbridge", "dev/paynowbridge/internal",
                        "dev/paynowbridge/common", "dev/paynowbridge/bukkit")),
                folders);
    }

    /** As a server does it: what is in the jar comes from the jar. */
    private static final class PluginLoader extends URLClassLoader {
        PluginLoader(URL jar) {
            super(new URL[] {jar}, PluginJarIT.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                Class<?> known = findLoadedClass(name);
                if (known == null && name.startsWith("dev.paynowbridge.")) {
                    known = findClass(name);
                }
                return known != null ? known : super.loadClass(name, resolve);
            }
        }
    }

    private static void configure(MemoryServer server, Sandbox sandbox) throws IOException {
        Path config = server.folder("PayNowBridge").resolve("config.yml");
        Files.createDirectories(config.getParent());
        Files.writeString(config, "store-id: '" + Sandbox.STORE + "'\napi-base: " + sandbox.base()
                + "\napi-key:\n  value: " + Sandbox.KEY + "\n");
    }

    private static JavaPlugin plugin(PluginLoader loader) throws ReflectiveOperationException {
        return (JavaPlugin) loader.loadClass("dev.paynowbridge.bukkit.PayNowBridgePlugin").getConstructor().newInstance();
    }

    /** Starts the plugin from the jar, uses it, stops it. Nothing of it stays on this stack. */
    private static WeakReference<ClassLoader> runOnce(MemoryServer server, LuckPermsInMemory luckPerms) throws Exception {
        try (PluginLoader loader = new PluginLoader(JAR.toUri().toURL())) {
            JavaPlugin plugin = plugin(loader);
            server.enable(plugin);
            server.console.forget();
            server.dispatch(server.console, "paynowbridge lookup Notch");
            server.until(() -> server.console.heard().contains(OnServer.NOTCH_ID), "an answer");
            MemoryPlayer notch = server.join("Notch", OnServer.NOTCH, false);
            server.until(() -> PlaceholderExpansion.set(notch, "%paynowbridge_name%").equals("Notch"), "PlaceholderAPI");
            server.until(() -> MiniMessages.shown(notch, "<paynowbridge_name>").equals("Notch"), "MiniPlaceholders");
            server.until(() -> luckPerms.of(notch).equals(List.of("paynowbridge:customer=true")), "LuckPerms");
            server.quit(notch);
            server.disable(plugin);
            return new WeakReference<>(loader);
        }
    }

    @Test
    void itRunsFromTheJarAndItsClassesGoWithAReload() throws Exception {
        try (Sandbox sandbox = new Sandbox();
                MemoryServer server = new MemoryServer();
                LuckPermsInMemory luckPerms = new LuckPermsInMemory()) {
            configure(server, sandbox);
            for (String other : List.of("PlaceholderAPI", "MiniPlaceholders", "LuckPerms")) {
                server.enable(new NamedPlugin(other));
            }
            WeakReference<ClassLoader> first = runOnce(server, luckPerms);
            WeakReference<ClassLoader> second = runOnce(server, luckPerms);
            server.until(() -> {
                System.gc();
                return first.get() == null && second.get() == null;
            }, "the classes are unloaded");
        }
    }

    @Test
    void theDoctorSaysWhyTheLibraryDoesNotLoad() throws Exception {
        System.setProperty("paynowbridge.library.path", "/no/such/library.so");
        try (Sandbox sandbox = new Sandbox();
                MemoryServer server = new MemoryServer();
                PluginLoader loader = new PluginLoader(JAR.toUri().toURL())) {
            configure(server, sandbox);
            server.enable(plugin(loader));
            server.dispatch(server.console, "paynowbridge doctor");
            server.until(() -> server.console.heard().contains("to do: "), "the doctor");
            String heard = server.console.heard();
            assertTrue(heard.contains("The library cannot be loaded"), heard);
            assertTrue(heard.contains("/no/such/library.so"), heard);
            assertTrue(heard.contains("to do: correct or remove -Dpaynowbridge.library.path"), heard);
            System.clearProperty("paynowbridge.library.path");
            server.dispatch(server.console, "paynowbridge reload");
            server.console.forget();
            server.dispatch(server.console, "paynowbridge lookup Notch");
            server.until(() -> server.console.heard().contains(OnServer.NOTCH_ID), "it works without a restart");
            assertNotEquals(0, server.services());
        } finally {
            System.clearProperty("paynowbridge.library.path");
        }
    }

    @Test
    void aJarThatIsReplacedWhileTheServerRunsDoesNoHarm() throws Exception {
        try (Sandbox sandbox = new Sandbox();
                MemoryServer server = new MemoryServer();
                PluginLoader loader = new PluginLoader(JAR.toUri().toURL())) {
            configure(server, sandbox);
            JavaPlugin plugin = plugin(loader);
            server.enable(plugin);
            loader.close();
            for (String command : new String[] {"lookup Notch", "token Notch", "revoke Notch", "giftcard x Notch", "status", "doctor"}) {
                server.console.forget();
                server.dispatch(server.console, "paynowbridge " + command);
                String last = command.equals("doctor") ? "own plugin" : "[PayNow]";
                server.until(() -> server.console.heard().contains(last), command);
            }
            Path config = server.folder("PayNowBridge").resolve("config.yml");
            String whole = Files.readString(config);
            Files.writeString(config, "\tstore-id: [&\n");
            server.console.forget();
            server.dispatch(server.console, "paynowbridge reload");
            assertTrue(server.console.heard().contains("this is not YAML"), server.console.heard());
            Files.writeString(config, whole);
            server.dispatch(server.console, "paynowbridge reload");
            server.until(() -> server.console.heard().contains("accepts the API key"), "a reload");
            sandbox.respond("*", "{\"status\":403,\"body\":\"{\\\"code\\\":\\\"forbidden\\\"}\"}");
            server.console.forget();
            server.dispatch(server.console, "paynowbridge token jeb_");
            server.until(() -> server.console.heard().contains("does not have permission"), "a failure is explained");
            server.disable(plugin);
            assertFalse(server.log().contains("NoClassDefFoundError"), server.log());
        }
    }

    @Test
    void paperNeedNotRewriteItAndItsLicencesAreInside() throws IOException {
        try (JarFile jar = new JarFile(JAR.toFile())) {
            assertEquals("mojang", jar.getManifest().getMainAttributes().getValue("paperweight-mappings-namespace"));
            assertNotNull(jar.getEntry("META-INF/LICENSE-APACHE"));
            assertNotNull(jar.getEntry("META-INF/NOTICE"));
        }
        assertFalse(java.lang.reflect.Modifier.isFinal(PayNowBridgePlugin.class.getModifiers()), "tests of other plugins mock it");
    }
}
