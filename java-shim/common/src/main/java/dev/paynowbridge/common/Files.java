package dev.paynowbridge.common;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/** The owner's files, each delivered with the plugin: what is left out there is as it was delivered. */
final class Files {
    private Files() {}

    /** Reads a file, and puts it there first if it is missing. */
    static UnaryOperator<String> yaml(Host host, String name) {
        Path file = new File(host.folder(), name).toPath();
        try {
            if (!java.nio.file.Files.exists(file)) {
                java.nio.file.Files.createDirectories(file.getParent());
                try (InputStream in = delivered(name)) {
                    java.nio.file.Files.copy(in, file);
                }
            }
            UnaryOperator<String> own;
            try (Reader in = java.nio.file.Files.newBufferedReader(file)) {
                own = host.yaml(in);
            }
            UnaryOperator<String> delivered;
            try (Reader in = new InputStreamReader(delivered(name), StandardCharsets.UTF_8)) {
                delivered = host.yaml(in);
            }
            return path -> {
                String value = own.apply(path);
                return value == null ? delivered.apply(path) : value;
            };
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static InputStream delivered(String name) {
        return Files.class.getResourceAsStream(name);
    }
}
