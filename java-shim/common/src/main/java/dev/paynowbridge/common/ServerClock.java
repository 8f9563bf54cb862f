package dev.paynowbridge.common;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Compares this machine's clock with the one of a web server, by the date in every answer. Sends no credential. Only the
 * doctor asks; each comparison has a thread of its own, which ends with it, and with {@link #close()}.
 */
final class ServerClock implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final int LONGEST_HEAD = 16 * 1024;
    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;
    private static final Pattern DATE = Pattern.compile("(?im)^date:[ \\t]*(.*?)[ \\t]*\\r?$");

    private final Clock own;
    private final Names names;
    private @Nullable Thread thread;
    private @Nullable Socket socket;
    private boolean closed;

    /** Finds an address; may take as long as a name server does. */
    interface Names {
        InetAddress find(String name) throws IOException;
    }

    ServerClock(Clock own) {
        this(own, InetAddress::getByName);
    }

    ServerClock(Clock own, Names names) {
        this.own = own;
        this.names = names;
    }

    /** How far this machine is ahead; negative: behind. One comparison at a time. Completes on a thread of its own. */
    synchronized CompletableFuture<Duration> compare(URI base) {
        CompletableFuture<Duration> answer = new CompletableFuture<>();
        if (closed || thread != null && thread.isAlive()) {
            answer.completeExceptionally(new IOException(closed ? "the plugin is disabled" : "the last comparison still waits for an answer"));
            return answer;
        }
        socket = new Socket();
        Socket plain = socket;
        thread = new Thread(null, () -> compare(base, plain, answer), "paynow-bridge clock", 0, false);
        thread.setDaemon(true);
        thread.start();
        return answer;
    }

    private void compare(URI base, Socket plain, CompletableFuture<Duration> answer) {
        try (plain) {
            answer.complete(difference(base, plain));
        } catch (IOException | RuntimeException | LinkageError e) {
            answer.completeExceptionally(e);
        }
    }

    private Duration difference(URI base, Socket plain) throws IOException {
        boolean secure = "https".equalsIgnoreCase(base.getScheme());
        int port = base.getPort() >= 0 ? base.getPort() : secure ? HTTPS_PORT : HTTP_PORT;
        int patience = (int) PATIENCE.toMillis();
        String host = base.getHost();
        if (host == null) {
            throw new IOException("api-base names no host");
        }
        String name = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        plain.setSoTimeout(patience);
        plain.connect(new InetSocketAddress(names.find(name), port), patience);
        Socket talking = secure ? secured(plain, name, port) : plain;
        String request = "HEAD / HTTP/1.1\r\nHost: " + host + (base.getPort() >= 0 ? ":" + port : "")
                + "\r\nUser-Agent: paynow-bridge\r\nConnection: close\r\n\r\n";
        Instant before = own.instant();
        talking.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        Matcher date = DATE.matcher(head(talking.getInputStream()));
        Instant after = own.instant();
        if (!date.find()) {
            throw new IOException("the answer has no date");
        }
        // Half-way between the two looks at the own clock; the date is cut to whole seconds.
        Instant here = before.plus(Duration.between(before, after).dividedBy(2));
        return Duration.between(instant(date.group(1)).plusMillis(500), here);
    }

    private static SSLSocket secured(Socket plain, String host, int port) throws IOException {
        SSLSocket socket = (SSLSocket) ((SSLSocketFactory) SSLSocketFactory.getDefault()).createSocket(plain, host, port, true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        try {
            socket.startHandshake();
        } catch (IOException e) {
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                if (cause instanceof CertificateExpiredException || cause instanceof CertificateNotYetValidException) {
                    throw new IOException("by this machine's clock the certificate is not valid now", e);
                }
            }
            throw e;
        }
        return socket;
    }

    private static String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0 || head.length() >= LONGEST_HEAD || System.nanoTime() - end > 0) {
                break;
            }
            head.append((char) next);
        }
        return head.toString();
    }

    private static Instant instant(String date) throws IOException {
        try {
            return ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
        } catch (DateTimeException e) {
            throw new IOException("the answer has no date", e);
        }
    }

    /** Ends the comparison, if there is one, and waits for nothing: a name server may never answer. */
    @Override
    public synchronized void close() {
        closed = true;
        if (socket != null) {
            try {
                socket.close();
            } catch (IOException e) {
                // It is gone, then.
            }
        }
    }
}
