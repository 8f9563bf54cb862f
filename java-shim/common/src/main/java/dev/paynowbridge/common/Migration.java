package dev.paynowbridge.common;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Version 0.1 kept its files in {@code plugins/PayNow}, which is the folder of PayNow's own plugin. Its settings are copied once;
 * nothing there is ever moved or changed.
 */
final class Migration {
    private static final String OLD_FOLDER = "PayNow";

    private Migration() {}

    static void run(File folder, Logger log) {
        File old = new File(folder.getParentFile(), OLD_FOLDER);
        File config = new File(folder, OwnersFiles.CONFIG);
        File oldConfig = new File(old, OwnersFiles.CONFIG);
        if (config.exists() || !oldConfig.isFile()) {
            return;
        }
        try {
            Document settings = Document.read(oldConfig);
            if (!settings.hasSection("api-key") || !settings.hasSection("gift-cards")) {
                return;
            }
            Files.createDirectories(folder.toPath());
            Files.copy(oldConfig.toPath(), config.toPath(), StandardCopyOption.COPY_ATTRIBUTES);
            log.info("Copied the settings of version 0.1 from " + oldConfig
                    + ". That folder belongs to PayNow's own plugin: nothing in it was changed.");
            copyKey(old, folder, settings.text("api-key.file"), log);
        } catch (SetupException e) {
            log.warning("The settings of version 0.1 were not copied: " + e.getMessage());
        } catch (IOException | RuntimeException e) {
            log.warning("The settings of version 0.1 were not copied: " + e);
        }
    }

    /** A key file named without a folder is looked for beside config.yml. */
    private static void copyKey(File old, File folder, @Nullable String name, Logger log) throws IOException {
        if (name == null || name.isBlank() || new File(name.trim()).isAbsolute()) {
            return;
        }
        Path source = old.toPath().resolve(name.trim());
        Path target = folder.toPath().resolve(name.trim());
        if (Files.isRegularFile(source) && !Files.exists(target)) {
            Files.createDirectories(target.getParent());
            Files.copy(source, target, StandardCopyOption.COPY_ATTRIBUTES);
            log.info("Copied the key file " + source + " too.");
        }
    }
}
