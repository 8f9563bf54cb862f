package dev.paynowbridge.sandbox;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A real Redis or Valkey on loopback: {@code redis-server} in the PATH, or what TEST_REDIS_SERVER names. Ends with this JVM at the
 * latest: its shell's standard input does.
 */
public final class Redis implements AutoCloseable {
    private static final int ATTEMPTS = 5;
    private static final String SCRIPT = "\"$@\" & read -r _; kill -9 $! 2>/dev/null; wait $! 2>/dev/null";

    private final Process shell;
    private final int port;
    private final String password;

    private Redis(Process shell, int port, String password) {
        this.shell = shell;
        this.port = port;
        this.password = password;
    }

    /** Where the program is, unless this machine has none. */
    public static Optional<Path> program() {
        String named = System.getenv("TEST_REDIS_SERVER");
        if (named != null && !named.isEmpty()) {
            return Optional.of(Path.of(named));
        }
        return Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .map(folder -> Path.of(folder, "redis-server"))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /**
     * Starts one, and waits until it can be asked.
     *
     * @param password what it wants; empty: nothing
     * @return it
     */
    public static Redis start(String password) {
        Path program = program().orElseThrow(() -> new IllegalStateException("redis-server is not installed"));
        try {
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                int port;
                try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                    port = free.getLocalPort();
                }
                List<String> command = new ArrayList<>(List.of(
                        "sh", "-c", SCRIPT, "sh", program.toString(), "--port", Integer.toString(port), "--bind", "127.0.0.1",
                        "--save", "", "--appendonly", "no", "--daemonize", "no", "--dir", System.getProperty("java.io.tmpdir")));
                if (!password.isEmpty()) {
                    command.addAll(List.of("--requirepass", password));
                }
                Process shell = new ProcessBuilder(command).redirectErrorStream(true).start();
                if (isReady(shell)) {
                    return new Redis(shell, port, password);
                }
                // Another program was given that port meanwhile.
                end(shell);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        throw new IllegalStateException(program + " does not start");
    }

    private static boolean isReady(Process shell) throws IOException {
        BufferedReader said = new BufferedReader(new InputStreamReader(shell.getInputStream(), StandardCharsets.UTF_8));
        for (String line = said.readLine(); line != null; line = said.readLine()) {
            if (line.contains("Ready to accept connections")) {
                Thread reader = new Thread(() -> said.lines().forEach(rest -> {}), "redis log");
                reader.setDaemon(true);
                reader.start();
                return true;
            }
            if (line.contains("Failed listening") || line.contains("FATAL")) {
                return false;
            }
        }
        return false;
    }

    /** Where it is asked: {@code 127.0.0.1:PORT}. */
    public String address() {
        return "127.0.0.1:" + port;
    }

    /**
     * Asks it in one of its databases, over a connection of its own.
     *
     * @param database which
     * @param words the command
     * @return all it answers, as it is sent
     */
    public String ask(int database, String... words) {
        StringBuilder asked = new StringBuilder();
        if (!password.isEmpty()) {
            command(asked, "AUTH", password);
        }
        command(asked, "SELECT", Integer.toString(database));
        command(asked, words);
        command(asked, "QUIT");
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(asked.toString().getBytes(StandardCharsets.UTF_8));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Answers no command of anyone for a while, and then all of them.
     *
     * @param milliseconds how long
     */
    public void pause(int milliseconds) {
        StringBuilder asked = new StringBuilder();
        if (!password.isEmpty()) {
            command(asked, "AUTH", password);
        }
        command(asked, "CLIENT", "PAUSE", Integer.toString(milliseconds));
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(asked.toString().getBytes(StandardCharsets.UTF_8));
            // It would say farewell only when the pause is over.
            byte[] all = socket.getInputStream().readNBytes((password.isEmpty() ? 1 : 2) * "+OK\r\n".length());
            if (new String(all, StandardCharsets.US_ASCII).contains("-")) {
                throw new IllegalStateException("it does not pause");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void command(StringBuilder into, String... words) {
        into.append('*').append(words.length).append("\r\n");
        for (String word : words) {
            into.append('$').append(word.getBytes(StandardCharsets.UTF_8).length).append("\r\n").append(word).append("\r\n");
        }
    }

    private static void end(Process shell) {
        try {
            shell.getOutputStream().close();
            shell.waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Ends it at once, as a crash would. */
    @Override
    public void close() {
        end(shell);
    }
}
