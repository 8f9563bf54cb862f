package dev.paynowbridge.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Gets the library out of the jar and into the JVM.
 *
 * <p>The JVM lends a file to one class loader only, so each class loader gets a file of its own: a plugin can be reloaded. On
 * Linux the file is removed as soon as it is loaded (what is mapped stays mapped), so nothing is left behind; files a killed
 * server left are removed by the next one that looks into the same folder.
 */
public final class NativeLibrary {
    /** Names the library itself. When it is set nothing else is tried. */
    public static final String PATH_PROPERTY = "paynowbridge.library.path";

    private static final String EXPLICIT_FIX =
            "correct or remove -D" + PATH_PROPERTY + "; while it is set nothing else is tried";
    private static final String RESOURCES = "/dev/paynowbridge/natives/";
    /** Written backwards: a shading plugin rewrites whatever text begins with a package it moves, be that only "dev". */
    private static final String EXPECTED_CLASS = new StringBuilder("evitaN.lanretni.egdirbwonyap.ved").reverse().toString();

    private static final Pattern OWN_FILE = Pattern.compile("paynow-bridge-([0-9]+)-[0-9a-f]{16}\\.(so|dll|dylib)");
    /** How many entries of a folder are looked at for files that were left behind; at most as many are removed. */
    private static final int SWEEP = 1_000;

    private static boolean loaded;

    private final Platform platform;
    private final Path explicit;
    private final List<Path> folders;
    private final List<String> tried = new ArrayList<>();
    private Throwable last;

    NativeLibrary(Platform platform, Path explicit, List<Path> folders) {
        this.platform = platform;
        this.explicit = explicit;
        this.folders = new ArrayList<>(folders);
    }

    /**
     * Loads the library, once for each class loader this class is loaded by.
     *
     * @param folder where it may be unpacked first, or null
     * @throws LoadFailure when it cannot be loaded from anywhere
     */
    public static synchronized void load(Path folder) throws LoadFailure {
        if (loaded) {
            return;
        }
        List<Path> folders = new ArrayList<>();
        if (folder != null) {
            folders.add(folder);
        }
        NativeLibrary library = new NativeLibrary(Platform.ofThisJvm(), explicitPath(), folders);
        library.addFolder(System.getProperty("java.io.tmpdir", "/tmp"));
        library.load();
        loaded = true;
    }

    private static Path explicitPath() throws LoadFailure {
        String path = System.getProperty(PATH_PROPERTY);
        try {
            return path == null ? null : Path.of(path);
        } catch (InvalidPathException e) {
            NativeLibrary nowhere = new NativeLibrary(Platform.ofThisJvm(), null, List.of());
            nowhere.tried.add(path + " (from " + PATH_PROPERTY + "): not a path: " + e.getReason());
            nowhere.last = e;
            throw nowhere.failure("the file cannot be read", EXPLICIT_FIX);
        }
    }

    /** A folder whose name this JVM cannot write down, as with LC_ALL=C, is passed over like any other that does not serve. */
    void addFolder(String name) {
        try {
            folders.add(Path.of(name));
        } catch (InvalidPathException e) {
            last = e;
            note(name + ": not a path here: " + e.getReason());
        }
    }

    void load() throws LoadFailure {
        String actual = Native.class.getName();
        if (!actual.equals(EXPECTED_CLASS)) {
            throw failure(
                    "its classes were moved (" + actual + " should be " + EXPECTED_CLASS + "), and the library only knows them"
                            + " by their own names",
                    "exclude " + EXPECTED_CLASS.substring(0, EXPECTED_CLASS.indexOf(".internal"))
                            + " from relocation in your shading plugin");
        }
        if (explicit != null) {
            fromExplicitPath();
        } else {
            fromJar();
        }
        checkVersion();
    }

    private void fromExplicitPath() throws LoadFailure {
        String fix = EXPLICIT_FIX;
        byte[] library;
        try {
            library = Files.readAllBytes(explicit);
        } catch (IOException e) {
            last = e;
            tried.add(explicit + " (from " + PATH_PROPERTY + "): cannot be read: " + e);
            throw failure("the file cannot be read", fix);
        }
        String flaw = platform.problemWith(library);
        if (flaw != null) {
            tried.add(explicit + " (from " + PATH_PROPERTY + "): " + flaw);
            throw failure(flaw, fix);
        }
        String problem = map(explicit.toAbsolutePath());
        if (problem != null) {
            throw failure(problem, fixFor(problem, fix));
        }
    }

    private void fromJar() throws LoadFailure {
        String resource = RESOURCES + platform.name() + "/" + fileName();
        byte[] library = resource(resource);
        if (library == null) {
            tried.add(resource + ": not in the jar");
            throw failure(
                    "this jar holds no library for " + platform.name(),
                    "use a jar that was built for it, or build the library and name it with -D" + PATH_PROPERTY + "=FILE");
        }
        byte[] checksum = resource(resource + ".sha256");
        String wanted = checksum == null ? "" : new String(checksum, StandardCharsets.US_ASCII).trim();
        if (!wanted.equalsIgnoreCase(sha256(library))) {
            tried.add(resource + ": SHA-256 does not match");
            throw failure("the library in the jar is damaged", "download or build the jar again");
        }
        String flaw = platform.problemWith(library);
        if (flaw != null) {
            tried.add(resource + ": " + flaw);
            throw failure(flaw, "use a jar that was built for " + platform.name());
        }
        String problem = tried.isEmpty() ? "there is no folder to unpack it into" : tried.get(tried.size() - 1);
        for (Path folder : folders) {
            problem = fromFolder(folder, library, wanted);
            if (problem == null) {
                return;
            }
        }
        throw failure(
                problem,
                fixFor(problem, "give it a folder it may write to and run from: nativeFolder(…) or -Djava.io.tmpdir=FOLDER"));
    }

    /** Null when it is loaded, or why not. */
    private String fromFolder(Path folder, byte[] library, String wanted) {
        Path file;
        try {
            Files.createDirectories(folder);
            sweep(folder);
            file = write(folder, library);
        } catch (IOException | RuntimeException e) {
            last = e;
            return note(folder + ": cannot be written to: " + e);
        }
        try {
            if (!wanted.equalsIgnoreCase(sha256(Files.readAllBytes(file)))) {
                return note(file + ": is not what was written to it");
            }
            return map(file.toAbsolutePath());
        } catch (IOException | RuntimeException e) {
            last = e;
            return note(file + ": cannot be read again: " + e);
        } finally {
            remove(file);
        }
    }

    private String note(String problem) {
        tried.add(problem);
        return problem;
    }

    private String map(Path file) {
        try {
            System.load(file.toString());
            return null;
        } catch (UnsatisfiedLinkError | SecurityException e) {
            last = e;
            return note(file + ": " + e.getMessage());
        } catch (RuntimeException e) {
            // On Java 24 and later: IllegalCallerException, which this class must not name to run on 17 and deny to later ones.
            last = e;
            return note(file + ": the JVM forbids native libraries: " + e.getMessage());
        }
    }

    private void checkVersion() throws LoadFailure {
        long version;
        try {
            version = Native.version();
        } catch (UnsatisfiedLinkError e) {
            last = e;
            tried.add("the library was loaded, and exports nothing for Java");
            throw failure("the library was built without its Java part", "build it with the feature jni, which is the default");
        }
        if (version != Native.VERSION) {
            tried.add("the library was loaded, and speaks version " + version);
            throw failure(
                    "library and classes are of different versions (" + version + " and " + Native.VERSION + ")",
                    "use both from the same release");
        }
    }

    private static String fixFor(String problem, String otherwise) {
        String words = String.valueOf(problem);
        if (words.contains("forbids native libraries") || words.contains("native-access")) {
            return "start the JVM with --enable-native-access=ALL-UNNAMED";
        }
        if (words.contains("dependent libraries")) {
            return "install what Windows lacks: the library needs Windows 10 or Windows Server 2016, or newer, with its updates";
        }
        if (words.contains("cannot open shared object file") || words.contains("' not found (required by")) {
            return "install what the message names, or use the library of a release, which needs glibc 2.17 and nothing else";
        }
        if (words.contains("failed to map segment") || words.contains("Operation not permitted")) {
            return "the folder seems to be mounted noexec: name another one with nativeFolder(…) or -Djava.io.tmpdir=FOLDER";
        }
        return otherwise;
    }

    private LoadFailure failure(String reason, String fix) {
        StringBuilder message = new StringBuilder("the native library of paynow-bridge cannot be loaded: ").append(reason);
        for (String attempt : tried) {
            message.append("\n  tried ").append(attempt);
        }
        message.append("\n  on ").append(platform.os()).append(' ').append(platform.arch());
        if (platform.os().equals("linux")) {
            message.append(", ").append(platform.libc());
        }
        message.append(", Java ").append(System.getProperty("java.version"))
                .append(" (").append(System.getProperty("java.vm.name")).append(')');
        message.append("\n  to do: ").append(fix);
        return new LoadFailure(message.toString(), tried, last);
    }

    private String fileName() {
        return switch (platform.os()) {
            case "windows" -> "paynow_bridge.dll";
            case "macos" -> "libpaynow_bridge.dylib";
            default -> "libpaynow_bridge.so";
        };
    }

    private static byte[] resource(String name) {
        try (InputStream in = NativeLibrary.class.getResourceAsStream(name)) {
            return in == null ? null : in.readAllBytes();
        } catch (IOException e) {
            return null;
        }
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    /** Writes a file that no one else can write to or replace: it must not exist, and is the owner's alone. */
    private Path write(Path folder, byte[] library) throws IOException {
        String suffix = fileName().substring(fileName().lastIndexOf('.'));
        FileAttribute<?>[] ownerOnly = folder.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
                }
                : new FileAttribute<?>[0];
        Set<StandardOpenOption> fresh = EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        while (true) {
            String name = String.format(Locale.ROOT, "paynow-bridge-%d-%016x%s",
                    ProcessHandle.current().pid(), ThreadLocalRandom.current().nextLong(), suffix);
            Path file = folder.resolve(name);
            try (var channel = Files.newByteChannel(file, fresh, ownerOnly)) {
                var bytes = java.nio.ByteBuffer.wrap(library);
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                return file;
            } catch (FileAlreadyExistsException taken) {
                // Another number, then.
            } catch (IOException e) {
                remove(file);
                throw e;
            }
        }
    }

    private static void remove(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException | SecurityException e) {
            // Windows does not let go of a loaded library; the next start removes it.
            file.toFile().deleteOnExit();
        }
    }

    /** Removes what processes that have ended left in a folder: only files of this library's own, known by their names. */
    private static void sweep(Path folder) {
        int looked = 0;
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, "paynow-bridge-*")) {
            for (Path entry : entries) {
                if (++looked > SWEEP) {
                    return;
                }
                Matcher name = OWN_FILE.matcher(entry.getFileName().toString());
                if (name.matches() && hasEnded(name.group(1)) && Files.isRegularFile(entry)) {
                    Files.deleteIfExists(entry);
                }
            }
        } catch (IOException | SecurityException | java.nio.file.DirectoryIteratorException e) {
            // Another user's files, or a folder that cannot be listed: cleaning is a courtesy.
        }
    }

    private static boolean hasEnded(String pid) {
        try {
            return ProcessHandle.of(Long.parseLong(pid)).isEmpty();
        } catch (NumberFormatException e) {
            return false;
        }
    }
}
