package dev.paynowbridge.common;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.security.CodeSource;
import java.util.Enumeration;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/**
 * Loads the plugin's classes when it starts. Owners replace the jar while the server runs; a class that was not loaded by then
 * cannot be loaded any more, and stopping needs some.
 */
final class Late {
    private static final String OWN = "dev/paynowbridge/";
    private static final String CLASS = ".class";

    private Late() {}

    static void load(Class<?> anyOfThem) {
        CodeSource source = anyOfThem.getProtectionDomain().getCodeSource();
        try {
            File file = source == null ? null : new File(source.getLocation().toURI());
            if (file == null || !file.isFile()) {
                return;
            }
            try (JarFile jar = new JarFile(file)) {
                for (Enumeration<JarEntry> entries = jar.entries(); entries.hasMoreElements(); ) {
                    load(entries.nextElement().getName(), anyOfThem.getClassLoader());
                }
            }
        } catch (IOException | URISyntaxException | IllegalArgumentException e) {
            // Not a jar in a file, so it cannot be replaced.
        }
    }

    private static void load(String entry, ClassLoader loader) {
        if (!entry.startsWith(OWN) || !entry.endsWith(CLASS)) {
            return;
        }
        try {
            Class.forName(entry.substring(0, entry.length() - CLASS.length()).replace('/', '.'), false, loader);
        } catch (ClassNotFoundException | LinkageError e) {
            // The code that needs it will say so.
        }
    }
}
