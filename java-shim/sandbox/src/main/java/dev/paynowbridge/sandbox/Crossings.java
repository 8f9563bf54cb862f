package dev.paynowbridge.sandbox;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/** Classes of this project, loaded once more, whose calls into the library are counted. */
public final class Crossings implements AutoCloseable {
    private static final String NATIVE = "dev.paynowbridge.internal.Native";
    /** What every client calls, and the thread that collects. */
    private static final List<String> ALWAYS = List.of("create", "destroy", "next", "shutdown", "version");
    /** Between this and 0 lie the numbers of failures. */
    private static final long LEAST_FAILURE = -64;

    private final Map<String, Method> natives = new HashMap<>();
    private final Map<String, Integer> calls = new ConcurrentHashMap<>();
    private final Apart apart;

    /**
     * Compiles a {@code Native} that counts and hands on.
     *
     * @param real the one with the library, which is loaded
     * @param folder where to compile
     * @param classes where the project's classes are
     */
    public Crossings(Class<?> real, Path folder, Path... classes) throws IOException, ReflectiveOperationException {
        for (Method method : real.getDeclaredMethods()) {
            method.setAccessible(true);
            natives.put(method.getName(), method);
        }
        Path file = Files.createDirectories(folder.resolve("dev/paynowbridge/internal")).resolve("Native.java");
        Files.writeString(file, source(real));
        if (ToolProvider.getSystemJavaCompiler().run(null, null, null, file.toString()) != 0) {
            throw new IllegalStateException("Native does not compile");
        }
        apart = new Apart(Stream.concat(Stream.of(folder), Stream.of(classes)).toArray(Path[]::new));
        BiFunction<String, Object[], Long> onward = this::onward;
        apart.loadClass(NATIVE).getField("onward").set(null, onward);
    }

    /** {@code Native} without a native method. */
    private static String source(Class<?> real) throws IllegalAccessException {
        StringBuilder source = new StringBuilder("package dev.paynowbridge.internal;\npublic final class Native {\n"
                + "public static java.util.function.BiFunction<String, Object[], Long> onward;\n"
                + "public static boolean failed(long result) { return result < 0 && result >= LEAST_FAILURE; }\n");
        for (Field field : real.getFields()) {
            String value = field.getType() == int.class ? "" + field.get(null) : field.getLong(null) + "L";
            source.append("public static final ").append(field.getType()).append(' ').append(field.getName())
                    .append(" = ").append(value).append(";\n");
        }
        for (Method method : real.getDeclaredMethods()) {
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
            long result = (long) natives.get(name).invoke(null, arguments);
            if (result < 0 && result >= LEAST_FAILURE && !ALWAYS.contains(name)) {
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

    /** One of the classes that are counted. */
    public Class<?> load(String name) throws ClassNotFoundException {
        return apart.loadClass(name);
    }

    /** How often each export was called, what every client calls apart; and how many texts crossed with it. */
    public Map<String, Integer> counted() {
        Map<String, Integer> counted = new TreeMap<>(calls);
        counted.keySet().removeIf(name -> ALWAYS.contains(name.replace(" texts", "")));
        return counted;
    }

    @Override
    public void close() throws IOException {
        apart.close();
    }
}
