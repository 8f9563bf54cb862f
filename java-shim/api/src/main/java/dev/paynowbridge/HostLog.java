package dev.paynowbridge;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Where the library's lines go: SLF4J if the host has it, otherwise what the JDK has. */
final class HostLog {
    private static final String NAME = "PayNow";

    private HostLog() {}

    static BiConsumer<LogLevel, String> ofHost() {
        try {
            return slf4j();
        } catch (ReflectiveOperationException | LinkageError | RuntimeException absent) {
            return jdk();
        }
    }

    private static BiConsumer<LogLevel, String> slf4j() throws ReflectiveOperationException {
        ClassLoader loader = HostLog.class.getClassLoader();
        Class<?> factory = Class.forName("org.slf4j.LoggerFactory", true, loader);
        Class<?> type = Class.forName("org.slf4j.Logger", false, loader);
        Object logger = factory.getMethod("getLogger", String.class).invoke(null, NAME);
        MethodType line = MethodType.methodType(void.class, String.class);
        Map<LogLevel, MethodHandle> methods = new EnumMap<>(LogLevel.class);
        for (LogLevel level : LogLevel.values()) {
            String method = level.name().toLowerCase(java.util.Locale.ROOT);
            methods.put(level, MethodHandles.publicLookup().findVirtual(type, method, line).bindTo(logger));
        }
        return (level, text) -> {
            try {
                methods.get(level).invoke(text);
            } catch (Throwable broken) {
                // A logger that fails must not take the completion thread with it.
            }
        };
    }

    private static BiConsumer<LogLevel, String> jdk() {
        Logger logger = Logger.getLogger(NAME);
        // Without a class's name beside each line: the JDK would look for it on the stack.
        return (level, text) -> logger.logp(
                switch (level) {
                    case ERROR -> Level.SEVERE;
                    case WARN -> Level.WARNING;
                    case INFO -> Level.INFO;
                    case DEBUG -> Level.FINE;
                },
                NAME,
                null,
                text);
    }
}
