package dev.paynowbridge.common;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;

/** config.yml and messages.yml in the plugin's folder. */
final class OwnersFiles {
    static final String CONFIG = "config.yml";
    static final String MESSAGES = "messages.yml";

    private final File folder;
    private final String command;

    OwnersFiles(File folder, String command) {
        this.folder = folder;
        this.command = command;
    }

    /** Reads a file, after putting it there as it was delivered if it is missing. */
    Document read(String name) throws SetupException {
        File file = new File(folder, name);
        try {
            if (!file.exists()) {
                Files.createDirectories(folder.toPath());
                try (InputStream in = OwnersFiles.class.getResourceAsStream(name)) {
                    String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                    Files.writeString(file.toPath(), text.replace(Messages.COMMAND, "/" + command), StandardOpenOption.CREATE_NEW);
                }
            }
        } catch (IOException | RuntimeException e) {
            throw new SetupException(name + " cannot be written into " + folder + ": " + e.getMessage() + ".");
        }
        return Document.read(file);
    }

    /** The same without writing anything. */
    Document look(String name) throws SetupException {
        return Document.read(new File(folder, name));
    }
}
