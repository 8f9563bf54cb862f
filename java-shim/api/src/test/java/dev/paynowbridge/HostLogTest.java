package dev.paynowbridge;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lines reach whichever logger the host has. */
class HostLogTest {
    private static final String FACTORY = """
            package org.slf4j;
            public final class LoggerFactory {
                public static final java.util.List<String> LINES = new java.util.ArrayList<>();
                public static Logger getLogger(String name) {
                    return (Logger) java.lang.reflect.Proxy.newProxyInstance(
                            Logger.class.getClassLoader(), new Class<?>[] {Logger.class}, (proxy, method, arguments) -> {
                                LINES.add(name + " " + method.getName() + " " + arguments[0]);
                                return null;
                            });
                }
            }
            """;
    private static final String LOGGER = """
            package org.slf4j;
            public interface Logger {
                void error(String line);
                void warn(String line);
                void info(String line);
                void debug(String line);
            }
            """;

    @TempDir
    Path folder;

    private static void sayAll(BiConsumer<LogLevel, String> log) {
        for (LogLevel level : LogLevel.values()) {
            log.accept(level, "{0} {}");
        }
    }

    @Test
    void withoutSlf4jTheJdkLogs() {
        Logger logger = Logger.getLogger("PayNow");
        List<String> lines = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord line) {
                lines.add(line.getLevel() + " " + line.getMessage());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        logger.addHandler(handler);
        logger.setLevel(Level.ALL);
        logger.setUseParentHandlers(false);
        try {
            sayAll(HostLog.ofHost());
        } finally {
            logger.removeHandler(handler);
            logger.setLevel(null);
            logger.setUseParentHandlers(true);
        }
        assertEquals(List.of("SEVERE {0} {}", "WARNING {0} {}", "INFO {0} {}", "FINE {0} {}"), lines);
    }

    @Test
    @SuppressWarnings({"unchecked", "rawtypes"})
    void withSlf4jItLogs() throws Exception {
        Path factory = Files.writeString(folder.resolve("LoggerFactory.java"), FACTORY);
        Path logger = Files.writeString(folder.resolve("Logger.java"), LOGGER);
        assertEquals(0, ToolProvider.getSystemJavaCompiler()
                .run(null, null, null, "-proc:none", "-d", folder.toString(), factory.toString(), logger.toString()));
        URL[] classes = {
            folder.toUri().toURL(), Path.of(System.getProperty("paynow.test.classes")).toUri().toURL()
        };
        try (URLClassLoader loader = new URLClassLoader(classes, ClassLoader.getPlatformClassLoader())) {
            var ofHost = loader.loadClass("dev.paynowbridge.HostLog").getDeclaredMethod("ofHost");
            ofHost.setAccessible(true);
            BiConsumer log = (BiConsumer) ofHost.invoke(null);
            Class<?> level = loader.loadClass("dev.paynowbridge.LogLevel");
            for (Object each : level.getEnumConstants()) {
                log.accept(each, "line");
            }
            assertEquals(
                    List.of("PayNow error line", "PayNow warn line", "PayNow info line", "PayNow debug line"),
                    loader.loadClass("org.slf4j.LoggerFactory").getField("LINES").get(null));
        }
    }
}
