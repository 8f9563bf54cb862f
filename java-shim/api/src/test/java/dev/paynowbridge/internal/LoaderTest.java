package dev.paynowbridge.internal;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every way for the library not to load, provoked, and that it comes and goes with its class loader. */
class LoaderTest {
    private static final Path CLASSES = Path.of(System.getProperty("paynow.test.classes"));
    private static final Path SOURCES = Path.of(System.getProperty("paynow.test.sources"));
    private static final Platform HERE = Platform.ofThisJvm();
    private static final String LIBRARY = "dev/paynowbridge/natives/" + HERE.name() + "/libpaynow_bridge.so";

    /** How much of the library one reload may leave in memory: see {@link #reloadsLeaveLittleBehind}. */
    private static final long BYTES_PER_RELOAD = 4L * 1024 * 1024;

    @TempDir
    Path folder;

    @BeforeEach
    void hasLibrary() {
        assertTrue(Files.exists(CLASSES.resolve(LIBRARY)), "build with -Dpaynow.native=FILE");
    }

    private static LoadFailure fails(Platform platform, Path explicit, Path... folders) {
        LoadFailure failure = assertThrows(
                LoadFailure.class, () -> new NativeLibrary(platform, explicit, List.of(folders)).load());
        String message = failure.getMessage();
        assertTrue(message.contains("on " + platform.os() + " " + platform.arch()), message);
        assertTrue(message.contains("Java " + System.getProperty("java.version")), message);
        assertEquals(1, message.split("to do:", -1).length - 1, "one thing to do: " + message);
        failure.tried().forEach(attempt -> assertTrue(message.contains(attempt), message));
        return failure;
    }

    private static void says(LoadFailure failure, String... words) {
        for (String word : words) {
            assertTrue(failure.getMessage().contains(word), failure.getMessage());
        }
    }

    @Test
    void anExplicitPathIsAllThatIsTried() throws IOException {
        LoadFailure missing = fails(HERE, folder.resolve("missing.so"), folder);
        says(missing, NativeLibrary.PATH_PROPERTY, "cannot be read");
        assertEquals(1, missing.tried().size());
        Path text = Files.writeString(folder.resolve("text.so"), "not a library");
        says(fails(HERE, text, folder), "damaged", text.toString());
        Path other = Files.write(folder.resolve("other.so"), ElfTest.library(ElfTest.AARCH64, "libc.so.6"));
        says(fails(new Platform("linux", "x86_64", false), other), "built for aarch64");
        Path musl = Files.write(folder.resolve("musl.so"), ElfTest.library(ElfTest.X86_64, "libc.musl-x86_64.so.1"));
        says(fails(new Platform("linux", "x86_64", false), musl), "built for musl", "runs on glibc");
        says(fails(new Platform("linux", "x86_64", true), CLASSES.resolve(LIBRARY)), "built for glibc", "runs on musl");
        Path hollow = Files.write(folder.resolve("hollow.so"), ElfTest.library(
                HERE.arch().equals("x86_64") ? ElfTest.X86_64 : ElfTest.AARCH64, "libc.so.6"));
        says(fails(HERE, hollow), "hollow.so");
    }

    @Test
    void aSystemThatLacksALibraryIsToldWhich() throws IOException {
        String library = new String(Files.readAllBytes(CLASSES.resolve(LIBRARY)), StandardCharsets.ISO_8859_1);
        assertTrue(library.contains("libgcc_s.so.1"), "what is built here needs it");
        String needy = library.replace("libgcc_s.so.1", "libgcc_x.so.1");
        Path file = Files.write(folder.resolve("needy.so"), needy.getBytes(StandardCharsets.ISO_8859_1));
        says(fails(HERE, file), "libgcc_x.so.1", "to do: install what the message names");
    }

    @Test
    void aMissingPlatformIsNamed() {
        says(fails(new Platform("linux", "riscv64", false), null, folder), "no library for linux-riscv64");
        says(fails(new Platform("linux", HERE.arch(), true), null, folder), "no library for " + HERE.name() + "-musl");
        says(fails(new Platform("windows", "x86_64", false), null, folder), "no library for windows-x86_64");
        says(fails(new Platform("macos", "riscv64", false), null, folder), "no library for macos-riscv64",
                "/dev/paynowbridge/natives/macos-riscv64/libpaynow_bridge.dylib: not in the jar");
    }

    @Test
    void aLibraryForMacOsIsTakenFromItsPlace() throws Exception {
        Path copy = copyOfClasses();
        Path mac = Files.createDirectories(copy.resolve("dev/paynowbridge/natives/macos-aarch64"));
        // Linux loads a library of its own by any name.
        Files.copy(copy.resolve(LIBRARY), mac.resolve("libpaynow_bridge.dylib"), StandardCopyOption.REPLACE_EXISTING);
        Files.copy(copy.resolve(LIBRARY + ".sha256"), mac.resolve("libpaynow_bridge.dylib.sha256"),
                StandardCopyOption.REPLACE_EXISTING);
        Files.delete(copy.resolve(LIBRARY));
        try (Loader loader = new Loader(copy)) {
            loader.loadOn("Mac OS X", "aarch64", folder);
        }
        assertEquals(List.of(), ownFiles(folder));
    }

    @Test
    void aReadOnlyFolderIsPassedOver() throws Exception {
        // Root may write to any folder of an ordinary file system, so a file stands where the folder should be, too.
        Path file = Files.writeString(folder.resolve("file"), "");
        Path readOnly = Path.of("/proc/self");
        LoadFailure failure = fails(HERE, null, file, readOnly);
        says(failure, file.toString(), readOnly.toString(), "cannot be written to", "nativeFolder(");
        assertEquals(2, failure.tried().size());
        assertLoads(List.of(file, readOnly, folder), null);
    }

    @Test
    void aFolderThatRunsNothingIsPassedOver() throws Exception {
        Path noexec = Files.createDirectory(folder.resolve("noexec"));
        assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "noexec,size=256m", "tmpfs", noexec.toString()) == 0,
                "only root mounts a folder noexec");
        try {
            says(fails(HERE, null, noexec), "failed to map segment", "noexec");
            assertLoads(List.of(noexec, folder), null);
            assertEquals(List.of(), ownFiles(noexec));
        } finally {
            run("umount", "-l", noexec.toString());
        }
    }

    private static int run(String... command) throws Exception {
        return new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }

    @Test
    void aDamagedJarIsNoticed() throws Exception {
        Path copy = copyOfClasses();
        Path library = copy.resolve(LIBRARY);
        byte[] bytes = Files.readAllBytes(library);
        bytes[bytes.length / 2] ^= 1;
        Files.write(library, bytes);
        try (Loader loader = new Loader(copy)) {
            assertTrue(loader.failure(folder).contains("damaged"));
        }
        Files.delete(copy.resolve(LIBRARY + ".sha256"));
        try (Loader loader = new Loader(copy)) {
            assertTrue(loader.failure(folder).contains("SHA-256 does not match"));
        }
        Files.delete(library);
        try (Loader loader = new Loader(copy)) {
            assertTrue(loader.failure(folder).contains("no library for " + HERE.name()));
        }
        assertEquals(List.of(), ownFiles(folder));
    }

    @Test
    void movedClassesAreNamed() throws Exception {
        Path moved = folder.resolve("moved");
        Path sources = folder.resolve("sources");
        List<String> arguments = new ArrayList<>(List.of("-proc:none", "-d", Files.createDirectories(moved).toString()));
        try (Stream<Path> files = Files.walk(SOURCES)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
                if (file.endsWith("module-info.java")) {
                    continue;
                }
                String text = Files.readString(file).replace("dev.paynowbridge", "shop.libs.paynowbridge");
                Path target = sources.resolve(SOURCES.relativize(file).toString());
                Files.createDirectories(target.getParent());
                Files.writeString(target, text);
                arguments.add(target.toString());
            }
        }
        assertEquals(0, ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(String[]::new)));
        try (Loader loader = new Loader(moved)) {
            String message = loader.failure("shop.libs.paynowbridge.internal.NativeLibrary", folder);
            assertTrue(message.contains("shop.libs.paynowbridge.internal.Native"), message);
            assertTrue(message.contains("exclude dev.paynowbridge from relocation"), message);
        }
    }

    @Test
    void twoClassLoadersHaveTheirOwn() throws Exception {
        try (Loader first = new Loader(CLASSES); Loader second = new Loader(CLASSES)) {
            first.load(folder);
            second.load(folder);
            first.load(folder);
            first.open();
            second.open();
            first.closeClient();
            second.closeClient();
        }
        assertEquals(List.of(), ownFiles(folder), "nothing is left behind");
    }

    @Test
    void filesOfEndedServersAreRemovedAndOthersAreNot() throws Exception {
        Path left = Files.writeString(folder.resolve("paynow-bridge-2147483646-0123456789abcdef.so"), "");
        Path alive = Files.writeString(folder.resolve(
                "paynow-bridge-" + ProcessHandle.current().pid() + "-0123456789abcdef.so"), "");
        Path foreign = Files.writeString(folder.resolve("paynow-bridge-notes.so"), "");
        Path directory = Files.createDirectory(folder.resolve("paynow-bridge-2147483646-0123456789abcdee.so"));
        assertLoads(List.of(folder), null);
        assertFalse(Files.exists(left));
        assertTrue(Files.exists(alive));
        assertTrue(Files.exists(foreign));
        assertTrue(Files.exists(directory));
    }

    @Test
    void theUnpackedFileIsItsOwnersAlone() throws Exception {
        // The file is gone once it is loaded, so its rights are seen where loading fails: in a folder that runs nothing, or else
        // on the way, through a folder that is watched.
        Path watched = Files.createDirectory(folder.resolve("watched"));
        List<String> seen = new ArrayList<>();
        Thread watcher = new Thread(() -> {
            while (seen.isEmpty() && !Thread.currentThread().isInterrupted()) {
                try {
                    for (Path file : ownFiles(watched)) {
                        seen.add(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
                    }
                } catch (IOException | java.io.UncheckedIOException e) {
                    // Gone already.
                }
            }
        });
        watcher.start();
        for (int i = 0; i < 20 && seen.isEmpty(); i++) {
            assertLoads(List.of(watched), null);
        }
        watcher.interrupt();
        watcher.join();
        seen.forEach(rights -> assertTrue(rights.endsWith("------"), rights));
        assertFalse(seen.isEmpty());
    }

    @Test
    void reloadsLeaveLittleBehind() throws Exception {
        // The library stays mapped after its class loader is gone (it is linked nodelete, because threads that end later run
        // its clean-up), so each reload costs its pages that were written to and those that were read.
        long before = resident();
        List<WeakReference<ClassLoader>> gone = new ArrayList<>();
        int reloads = 50;
        for (int i = 0; i < reloads; i++) {
            gone.add(reload());
        }
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (gone.stream().anyMatch(loader -> loader.get() != null)) {
            assertTrue(System.nanoTime() < end, "class loaders stay alive");
            System.gc();
            Thread.sleep(10);
        }
        long each = (resident() - before) / reloads;
        System.out.println("a reload leaves " + each / 1024 + " KiB resident behind");
        assertTrue(each > 0 && each < BYTES_PER_RELOAD, each + " bytes a reload");
        assertEquals(List.of(), ownFiles(folder));
    }

    private WeakReference<ClassLoader> reload() throws Exception {
        Loader loader = new Loader(CLASSES);
        loader.load(folder);
        loader.open();
        loader.closeClient();
        loader.close();
        return new WeakReference<>(loader.loader);
    }

    /** What the process holds of libraries that were unpacked, in memory. */
    private static long resident() throws IOException {
        long bytes = 0;
        boolean ours = false;
        for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                ours = line.contains("/paynow-bridge-");
            } else if (ours && line.startsWith("Rss:")) {
                bytes += Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
            }
        }
        return bytes;
    }

    @Test
    void aJvmThatForbidsNativeCodeIsNamed() throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                CLASSES + File.pathSeparator + testClasses()));
        boolean canForbid = Runtime.version().feature() >= 24;
        if (canForbid) {
            command.add("--illegal-native-access=deny");
        }
        command.add(Build.class.getName());
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        if (!canForbid) {
            assertEquals("loaded", output.trim(), "older JVMs cannot forbid it");
            return;
        }
        assertTrue(output.contains("--enable-native-access=ALL-UNNAMED"), output);
        assertTrue(output.contains("forbids native libraries"), output);
    }

    private static String testClasses() throws Exception {
        return Path.of(LoaderTest.class.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
    }

    /** What a JVM of its own runs. */
    static final class Build {
        private Build() {}

        public static void main(String[] arguments) {
            try {
                dev.paynowbridge.PayNowClient.builder("1").build().close();
                System.out.println("loaded");
            } catch (RuntimeException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    private static void assertLoads(List<Path> folders, Path explicit) throws Exception {
        try (Loader loader = new Loader(CLASSES)) {
            loader.load(folders, explicit);
        }
    }

    private static List<Path> ownFiles(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            String own = "paynow-bridge-" + ProcessHandle.current().pid() + "-";
            return files.filter(file -> file.getFileName().toString().startsWith(own)).toList();
        }
    }

    private Path copyOfClasses() throws IOException {
        Path copy = folder.resolve("classes");
        try (Stream<Path> files = Files.walk(CLASSES)) {
            for (Path file : files.toList()) {
                Path target = copy.resolve(CLASSES.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
        return copy;
    }

    /**
     * The classes once more, as a plugin that was reloaded has them. A second library in the tests' own class loader would
     * answer the native methods that no test had called yet, and know none of the clients.
     */
    private static final class Loader implements AutoCloseable {
        final URLClassLoader loader;
        private Object client;

        Loader(Path classes) throws IOException {
            loader = new URLClassLoader(new URL[] {classes.toUri().toURL()}, ClassLoader.getPlatformClassLoader());
        }

        void load(Path folder) throws Exception {
            type("dev.paynowbridge.internal.NativeLibrary").getMethod("load", Path.class).invoke(null, folder);
        }

        void load(List<Path> folders, Path explicit) throws Exception {
            load(library(folders, explicit));
        }

        void load(String... folders) throws Exception {
            Object library = library(List.of(), null);
            var addFolder = library.getClass().getDeclaredMethod("addFolder", String.class);
            addFolder.setAccessible(true);
            for (String each : folders) {
                addFolder.invoke(library, each);
            }
            load(library);
        }

        void loadOn(String osName, String osArch, Path folder) throws Exception {
            var named = type("dev.paynowbridge.internal.Platform").getDeclaredMethod("of", String.class, String.class);
            named.setAccessible(true);
            load(library(named.invoke(null, osName, osArch), List.of(folder), null));
        }

        private Object library(List<Path> folders, Path explicit) throws Exception {
            var here = type("dev.paynowbridge.internal.Platform").getDeclaredMethod("ofThisJvm");
            here.setAccessible(true);
            return library(here.invoke(null), folders, explicit);
        }

        private Object library(Object platform, List<Path> folders, Path explicit) throws Exception {
            var constructor = type("dev.paynowbridge.internal.NativeLibrary")
                    .getDeclaredConstructor(platform.getClass(), Path.class, List.class);
            constructor.setAccessible(true);
            return constructor.newInstance(platform, explicit, folders);
        }

        private static void load(Object library) throws Exception {
            var load = library.getClass().getDeclaredMethod("load");
            load.setAccessible(true);
            load.invoke(library);
        }

        String failure(Path folder) throws Exception {
            return failure("dev.paynowbridge.internal.NativeLibrary", folder);
        }

        String failure(String name, Path folder) throws Exception {
            var load = type(name).getMethod("load", Path.class);
            return assertThrows(InvocationTargetException.class, () -> load.invoke(null, folder)).getCause().getMessage();
        }

        /** A client that works, as far as one can without an API. */
        void open() throws Exception {
            Class<?> type = type("dev.paynowbridge.PayNowClient");
            Object builder = type.getMethod("builder", String.class).invoke(null, "411486491630370816");
            builder.getClass().getMethod("apiKey", String.class).invoke(builder, "pn_key");
            builder.getClass().getMethod("apiBase", String.class).invoke(builder, "http://127.0.0.1:1");
            client = builder.getClass().getMethod("build").invoke(builder);
            assertNotNull(type.getMethod("stats").invoke(client));
            type.getMethod("lookupCustomer", java.util.UUID.class).invoke(client, java.util.UUID.randomUUID());
        }

        void closeClient() {
            assertDoesNotThrow(() -> client.getClass().getMethod("close").invoke(client));
        }

        private Class<?> type(String name) throws ClassNotFoundException {
            return Class.forName(name, true, loader);
        }

        @Override
        public void close() throws IOException {
            client = null;
            loader.close();
        }
    }

    @Test
    void aFolderThisJvmCannotNameIsPassedOver() throws Exception {
        try (Loader loader = new Loader(CLASSES)) {
            loader.load("a\0b", folder.toString());
        }
        NativeLibrary nowhere = new NativeLibrary(HERE, null, List.of());
        nowhere.addFolder("a\0b");
        says(assertThrows(LoadFailure.class, nowhere::load), "not a path here", "to do: give it a folder");
    }

    @Test
    void anExplicitPathThatIsNoneIsAFailureLikeAnyOther() {
        System.setProperty(NativeLibrary.PATH_PROPERTY, "a\0b");
        try {
            Throwable failure = assertThrows(InvocationTargetException.class, () -> {
                try (URLClassLoader fresh = new URLClassLoader(
                        new URL[] {CLASSES.toUri().toURL()}, ClassLoader.getPlatformClassLoader())) {
                    var load = fresh.loadClass(NativeLibrary.class.getName()).getMethod("load", Path.class);
                    load.invoke(null, folder);
                }
            }).getCause();
            assertTrue(failure.getMessage().contains("to do: correct or remove"), failure.toString());
        } finally {
            System.clearProperty(NativeLibrary.PATH_PROPERTY);
        }
    }

    @Test
    void namesOfFilesAreTheSameInEveryLanguage() throws IOException {
        java.util.Locale before = java.util.Locale.getDefault();
        java.util.Locale.setDefault(java.util.Locale.forLanguageTag("ar-EG-u-nu-arab"));
        try {
            // A folder in which nothing can be run: the message names the file.
            Path file = Files.writeString(folder.resolve("file"), "");
            LoadFailure failure = assertThrows(LoadFailure.class, () -> new NativeLibrary(
                    HERE, null, List.of(Path.of("/proc/self/fd"), file)).load());
            assertTrue(failure.tried().stream().anyMatch(line -> line.contains("paynow-bridge-" + ProcessHandle.current().pid())),
                    failure.getMessage());
        } finally {
            java.util.Locale.setDefault(before);
        }
    }
}
