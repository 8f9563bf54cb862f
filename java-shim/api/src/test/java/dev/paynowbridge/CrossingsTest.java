package dev.paynowbridge;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.paynowbridge.internal.Native;
import dev.paynowbridge.sandbox.Sandbox;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.IntStream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is made of several requests enters the library once for each of them, and its data once. */
class CrossingsTest extends OnSandbox {
    private static final String NATIVE = "dev.paynowbridge.internal.Native";
    private static final Path CLASSES = Path.of(System.getProperty("paynow.test.classes"));
    /** What every client calls, and the thread that collects. */
    private static final List<String> ALWAYS = List.of("create", "destroy", "next", "shutdown", "version");

    private static final Map<String, Method> NATIVES = new HashMap<>();

    @TempDir
    static Path folder;

    private final Map<String, Integer> calls = new ConcurrentHashMap<>();

    /** Loads the API's classes once more, with a {@code Native} that hands on what it is called for. */
    private static final class Again extends URLClassLoader {
        Again(Path first) throws Exception {
            super(
                    new URL[] {
                        first.toUri().toURL(), CLASSES.toUri().toURL(),
                        CLASSES.resolveSibling("test-classes").toUri().toURL()
                    },
                    CrossingsTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                Class<?> known = findLoadedClass(name);
                boolean own = name.startsWith("dev.paynowbridge.") && !name.startsWith("dev.paynowbridge.sandbox.");
                return known != null ? known : own ? findClass(name) : super.loadClass(name, resolve);
            }
        }
    }

    /** Runs inside that class loader: given a word, does what it stands for. */
    public static final class Inside implements Function<String, String> {
        private final PayNowClient client;

        /** Makes the client. */
        public Inside(String base, String key) {
            client = PayNowClient.builder(Sandbox.STORE).apiBase(base).apiKey(key).proxy("").build();
        }

        @Override
        public String apply(String word) {
            try (client) {
                return switch (word) {
                    case "walk" -> walk();
                    case "bulk" -> client.bulkCreateCustomers(numbers(450), chunk -> {}).get().toString();
                    default -> stopBetweenPieces();
                };
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }

        private String walk() throws Exception {
            int met = 0;
            CustomerPages pages = client.customerPages(CustomerQuery.all().limit(5));
            while (!pages.isOver()) {
                met += pages.next().get().size();
            }
            return met + " customers";
        }

        private String stopBetweenPieces() {
            TickExecutor tick = new TickExecutor();
            List<PayNowFuture<?>> report = new ArrayList<>();
            report.add(client.on(tick).bulkCreateCustomers(numbers(450), chunk -> report.get(0).cancel(false)));
            Waiting.until(() -> {
                tick.drain(Duration.ofSeconds(10));
                return report.get(0).isDone();
            }, "the first piece is told of");
            return client.stats().outstanding() + " outstanding";
        }

        private static List<CustomerFields> numbers(int count) {
            return IntStream.range(0, count)
                    .mapToObj(i -> CustomerFields.builder()
                            .minecraftUuid(new UUID(0x4000L | 1L << 32, 0x8000000000000000L | i))
                            .metadata(Map.of("number", Integer.toString(i)))
                            .build())
                    .toList();
        }
    }

    /** {@code Native} without a native method. */
    private static String source() throws IllegalAccessException {
        StringBuilder source = new StringBuilder("package dev.paynowbridge.internal;\npublic final class Native {\n"
                + "public static java.util.function.BiFunction<String, Object[], Long> onward;\n"
                + "public static boolean failed(long result) { return result < 0 && result >= LEAST_FAILURE; }\n");
        for (Field field : Native.class.getFields()) {
            String value = field.getType() == int.class ? "" + field.get(null) : field.getLong(null) + "L";
            source.append("public static final ").append(field.getType()).append(' ').append(field.getName())
                    .append(" = ").append(value).append(";\n");
        }
        for (Method method : Native.class.getDeclaredMethods()) {
            if (Modifier.isNative(method.getModifiers())) {
                StringJoiner parameters = new StringJoiner(", ", "(", ")");
                StringJoiner arguments = new StringJoiner(", ", "{", "}");
                int count = 0;
                for (Class<?> type : method.getParameterTypes()) {
                    parameters.add(type.getSimpleName() + " p" + count);
                    arguments.add("p" + count++);
                }
                source.append("public static long ").append(method.getName()).append(parameters)
                        .append("{ return onward.apply(\"").append(method.getName()).append("\", new Object[] ")
                        .append(arguments).append("); }\n");
            }
        }
        return source.append("}\n").toString();
    }

    private long onward(String name, Object[] arguments) {
        calls.merge(name, 1, Integer::sum);
        for (Object argument : arguments) {
            if (argument instanceof String[] texts) {
                calls.merge(name + " texts", texts.length, Integer::sum);
            }
        }
        try {
            long result = (long) NATIVES.get(name).invoke(null, arguments);
            if (Native.failed(result) && !ALWAYS.contains(name)) {
                calls.merge(name + " refused with " + result, 1, Integer::sum);
            }
            return result;
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new AssertionError(e);
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }

    @BeforeAll
    static void compile() throws Exception {
        // The real one has its library.
        builder().build().close();
        for (Method method : Native.class.getDeclaredMethods()) {
            method.setAccessible(true);
            NATIVES.put(method.getName(), method);
        }
        Path file = Files.createDirectories(folder.resolve("dev/paynowbridge/internal")).resolve("Native.java");
        Files.writeString(file, source());
        assertEquals(0, ToolProvider.getSystemJavaCompiler().run(null, null, null, file.toString()));
    }

    @SuppressWarnings("unchecked")
    private String crossing(String word) throws Exception {
        try (Again again = new Again(folder)) {
            BiFunction<String, Object[], Long> onward = this::onward;
            again.loadClass(NATIVE).getField("onward").set(null, onward);
            var made = again.loadClass(Inside.class.getName()).getConstructor(String.class, String.class);
            String said = ((Function<String, String>) made.newInstance(sandbox.base(), Sandbox.KEY)).apply(word);
            calls.keySet().removeIf(name -> ALWAYS.contains(name.replace(" texts", "")));
            return said + ": " + new TreeMap<>(calls);
        }
    }

    @Test
    void aWalkCrossesOnceForEachPage() throws Exception {
        assertEquals("24 customers: {nextPage=5}", crossing("walk"));
    }

    @Test
    void aBulkCrossesOnceForEachPieceAndItsCustomersOnce() throws Exception {
        assertEquals(
                "BulkReport[created=450, failed=0, unknown=0, chunks=3]: {goOnBulk=2, startBulk=1, startBulk texts=1350}",
                crossing("bulk"));
    }

    @Test
    void aBulkThatIsStoppedLeavesNothingBehind() throws Exception {
        assertEquals(
                "0 outstanding: {endBulk=1, startBulk=1, startBulk texts=1350, stats=1}", crossing("stop"));
    }
}
