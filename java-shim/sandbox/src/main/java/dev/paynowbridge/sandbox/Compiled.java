package dev.paynowbridge.sandbox;

import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** A plugin of somebody else, made into a jar while the test runs: its classes are nowhere else. */
public final class Compiled {
    private Compiled() {}

    /** Puts a file of one jar into another. */
    public static void copy(String name, Path from, Path to) throws IOException {
        try (FileSystem source = FileSystems.newFileSystem(from);
                FileSystem target = FileSystems.newFileSystem(to)) {
            Files.createDirectories(target.getPath(name).getParent());
            Files.copy(source.getPath(name), target.getPath(name));
        }
    }

    /**
     * Makes the jar.
     *
     * @param source the one file of the plugin
     * @param beside the jar it is compiled against, besides what the test itself has
     * @param name the name of a text file in the jar
     * @param text what that file says
     * @param jar where it is written
     */
    public static void into(Path jar, Path source, Path beside, String name, String text) throws IOException {
        Path classes = Files.createTempDirectory("compiled");
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter said = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
            String path = beside + ":" + System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
            boolean done = compiler.getTask(
                            said, files, null, List.of("-d", classes.toString(), "-cp", path, "-proc:none", "--release", "17"), null,
                            files.getJavaFileObjects(source))
                    .call();
            if (!done) {
                throw new AssertionError("it does not compile: " + said);
            }
        }
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream packed = new JarOutputStream(out);
                Stream<Path> all = Files.walk(classes)) {
            packed.putNextEntry(new JarEntry(name));
            packed.write(text.getBytes(StandardCharsets.UTF_8));
            for (Path each : all.filter(Files::isRegularFile).toList()) {
                packed.putNextEntry(new JarEntry(classes.relativize(each).toString()));
                Files.copy(each, packed);
            }
        }
    }
}
