package dev.paynowbridge.bukkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.paynowbridge.ClientStats;
import dev.paynowbridge.PayNowException;
import dev.paynowbridge.PayNowFuture;
import dev.paynowbridge.PayNowService;
import dev.paynowbridge.Player;
import dev.paynowbridge.sandbox.Redis;
import dev.paynowbridge.sandbox.Sandbox;
import inmemory.MemoryServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Servers that share a Redis, as their owner sees it. */
class NetworkTest extends OnServer {
    private static final String PASSWORD = "pnpw_plugin";
    private static final String NOWHERE = "network:\n  addresses: '127.0.0.1:1'\n";
    private static final String LAST = "own plugin";

    @AfterEach
    void noPasswordWasSaid() {
        assertFalse(server.log().contains("pnpw_"), "the log holds the password");
    }

    private static Redis redis(String password) {
        assumeTrue(Redis.program().isPresent(), "redis-server is not installed");
        return Redis.start(password);
    }

    /** A busy machine may keep a server waiting for longer than it waits by default. */
    private static String at(Redis redis) {
        return "network:\n  addresses: " + redis.address() + "\n  timeout-ms: 10000\n";
    }

    private static ClientStats stats(MemoryServer server) {
        return server.load(PayNowService.class).stats().orElseThrow();
    }

    private void comesUp() {
        server.until(() -> stats(server).networkUp(), "the network answers; the log: " + server.log());
    }

    private void refused(String more, String words) {
        server.console.forget();
        reload(more);
        String heard = server.console.heard();
        assertTrue(heard.contains("Nothing was changed: ") && heard.contains(words), heard);
        answer(server.console, "paynowbridge lookup Notch", NOTCH_ID);
        answer(server.console, "paynowbridge status", " answers remembered");
        assertFalse(server.console.heard().contains("network"), "the old settings stay");
    }

    // What config.yml may say.

    @Test
    void whatIsUnknownIsNamed() {
        refused("network:\n  adresses: a\n", "network.adresses is unknown; network.addresses is probably meant");
        refused("network:\n  time-out-ms: 5\n", "network.time-out-ms is unknown; network.timeout-ms is probably meant");
        refused("network:\n  password:\n    path: a\n", "network.password.path is unknown");
        refused("network: 'a:6379'\n", "network has no value of its own, but these: network.addresses, network.tls");
        refused("network:\n  password: " + PASSWORD + "\n", "network.password has no value of its own, but these: network.password.env");
        refused("network:\n  addresses: [a, b]\n", "network.addresses must be one value, not a list");
        refused("request-per-second: 5\n", "request-per-second is unknown; requests-per-second is probably meant");
    }

    @Test
    void whatCannotBeIsRefusedByName() {
        // With an address or without one.
        for (String section : new String[] {"network:\n", NOWHERE}) {
            refused(section + "  tls: perhaps\n", "network.tls must be true or false");
            refused(section + "  database: -1\n", "network.database must be a whole number");
            refused(section + "  database: two\n", "network.database must be a whole number");
            refused(section + "  timeout-ms: 0\n", "network.timeout-ms must be a whole number from 1 to 10000");
            refused(section + "  timeout-ms: 10001\n", "network.timeout-ms must be a whole number from 1 to 10000");
        }
    }

    @Test
    void whatTheLibraryRefusesHasTheOwnersName() throws IOException {
        refused("network:\n  addresses: 'redis://a'\n", "network.addresses must be host:port alone");
        refused("network:\n  addresses: 'a,'\n", "network.addresses must be ");
        refused(NOWHERE + "  user: 'a b'\n", "network.user must not hold spaces");
        refused(NOWHERE + "  server-name: 'a b'\n", "network.server-name must be ");
        refused(NOWHERE + "  ca-file: missing.pem\n", "network.ca-file ");
        refused(NOWHERE + "  ca-file: \"a\\0b\"\n", "network.ca-file is not a path");
        refused(NOWHERE + "  sentinel-name: \"a\\ab\"\n", "network.sentinel-name must not hold control characters");
        refused(NOWHERE + "  id: 'a b'\n", "network.id must be at most 64 letters");
        refused(NOWHERE + "  password:\n    value: \"" + PASSWORD + "\\ab\"\n", "network.password must be one line");
        refused(NOWHERE + "  password:\n    file: missing\n", "network.password.file ");
        refused(NOWHERE + "  password:\n    file: \"a\\0b\"\n", "network.password.file is not a path");
        Path file = write("redis.txt", PASSWORD);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        refused(NOWHERE + "  password:\n    file: redis.txt\n", "network.password.file ");
        // The owner put the password itself where a name belongs.
        refused(NOWHERE + "  password:\n    environment: " + PASSWORD + "\n", "network.password.environment names an environment variable that is not set");
    }

    @Test
    void thePasswordComesFromTheFirstPlaceThatIsSet() throws IOException {
        try (Redis redis = redis(PASSWORD)) {
            reload(at(redis) + "  password:\n    value: " + PASSWORD + "\n");
            comesUp();
            Path file = write("redis.txt", PASSWORD + "\n");
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
            reload(at(redis) + "  password:\n    file: redis.txt\n    value: wrong\n");
            comesUp();
            server.disable(plugin);
            configure(at(redis) + "  password:\n    environment: REDIS_PASSWORD\n    file: redis.txt\n");
            Files.writeString(file, "wrong");
            plugin = new PayNowBridgePlugin(Map.of("REDIS_PASSWORD", PASSWORD)::get);
            server.enable(plugin);
            comesUp();
            // The variable is gone, and the next is used.
            Files.writeString(file, PASSWORD);
            server.disable(plugin);
            plugin = new PayNowBridgePlugin(NO_ENVIRONMENT);
            server.enable(plugin);
            comesUp();
            server.until(() -> redis.ask(0, "CLIENT", "LIST").split("name=paynow").length == 2, "one connection is left");
        }
    }

    /** The user of the guide for owners, who may do no more than it says. */
    private static void makeUser(Redis redis) throws IOException {
        String user = Files.readAllLines(Path.of("..", "..", "docs", "network.md")).stream()
                .filter(line -> line.startsWith("user paynow on >PASSWORD "))
                .findFirst()
                .orElseThrow();
        String[] words = user.replace("PASSWORD", PASSWORD).split(" ");
        words[0] = "SETUSER";
        List<String> command = new ArrayList<>(List.of("ACL"));
        command.addAll(List.of(words));
        assertTrue(redis.ask(0, command.toArray(String[]::new)).contains("+OK"), "the user is made");
    }

    @Test
    void theUserOfTheGuideMayDoWhatIsNeeded() throws IOException {
        try (Redis redis = redis(PASSWORD + "_of_another")) {
            makeUser(redis);
            String section = at(redis) + "  user: paynow\n  database: 3\n  id: test\n  password:\n    value: " + PASSWORD + "\n";
            withAnother(section, section, first -> {
                first.until(() -> stats(first).networkServers() == 2, "they know each other");
                ask(first, "paynowbridge lookup Notch", NOTCH_ID);
                first.until(() -> redis.ask(3, "KEYS", "*}:c:*").contains("{" + Sandbox.STORE + "/test}:c:"), "it is there");
                ask(server, "paynowbridge lookup Notch", NOTCH_ID);
                assertEquals(1, sandbox.asked("lookup_customer"));
                // What is created is told to the others.
                PayNowService service = first.load(PayNowService.class);
                PayNowFuture<?> created = service.ensureCustomer(Player.of(new UUID(0x4000L, 0x8000000000000000L), "Newcomer"));
                first.until(created::isDone, "it is created");
                assertFalse(created.isCompletedExceptionally());
                first.until(() -> redis.ask(3, "ZSCORE", "paynowbridge:{" + Sandbox.STORE + "/test}:w", "c").matches("(?s).*\\$\\d+\r\n\\d+\r\n.*"), "it is noted");
                String denied = redis.ask(0, "ACL", "LOG");
                assertFalse(denied.contains("reason"), denied);
                assertTrue(redis.ask(0, "CLIENT", "LIST").contains("user=paynow"), "it is that user");
            });
        }
    }

    @Test
    void theConnectionIsEncryptedWhereTheOwnerWantsIt() {
        try (Redis redis = redis("")) {
            reload(at(redis) + "  tls: false\n");
            comesUp();
            // This one does not speak it.
            reload(at(redis) + "  tls: true\n");
            server.until(() -> server.log().contains("the network of servers does not answer: " + redis.address()), "it fails");
            assertFalse(stats(server).networkUp());
        }
    }

    // What the owner is told.

    @Test
    void aServerWithoutANetworkSaysNothingOfOne() {
        assertFalse(answer(server.console, "paynowbridge status", " answers remembered").contains("network"), server.console.heard());
        assertFalse(answer(server.console, "paynowbridge doctor", LAST).contains("network"), server.console.heard());
    }

    @Test
    void aNetworkThatDoesNotAnswerIsSaid() {
        reload(NOWHERE);
        server.until(() -> server.log().contains("the network of servers does not answer: 127.0.0.1:1: "), "the console says why");
        answer(server.console, "paynowbridge lookup Notch", NOTCH_ID);
        answer(server.console, "paynowbridge status", "The network does not answer. Until it does, this server works alone.");
        String found = answer(server.console, "paynowbridge doctor", LAST);
        assertTrue(found.contains("The network at 127.0.0.1:1 does not answer, so this server works alone."), found);
    }

    @Test
    void aWrongPasswordIsSaid() {
        try (Redis redis = redis(PASSWORD)) {
            reload(at(redis) + "  password:\n    value: " + PASSWORD + "_wrong\n");
            server.until(() -> server.log().contains("it does not accept user and password"), "the console says why");
            answer(server.console, "paynowbridge doctor", "The network at " + redis.address() + " does not answer");
        }
    }

    @Test
    void whatTheDoctorComparesIsAllOfIt() {
        reload(NOWHERE + "  password:\n    value: " + PASSWORD + "\n");
        assertFalse(answer(server.console, "paynowbridge doctor", LAST).contains("was changed since"), server.console.heard());
        configure(NOWHERE + "  password:\n    value: " + PASSWORD + "_new\n");
        answer(server.console, "paynowbridge doctor", "config.yml was changed since it was read.");
        configure(NOWHERE + "  password:\n    value: " + PASSWORD + "\nrequests-per-second: 5\n");
        answer(server.console, "paynowbridge doctor", "config.yml was changed since it was read.");
    }

    // Two servers.

    private void withAnother(String here, String there, Consumer<MemoryServer> play) {
        MemoryServer first = server;
        reload(here);
        comesUp();
        try (MemoryServer second = newServer()) {
            server = second;
            configure(there);
            PayNowBridgePlugin other = new PayNowBridgePlugin(NO_ENVIRONMENT);
            second.enable(other);
            comesUp();
            play.accept(first);
            noPasswordWasSaid();
        } finally {
            server = first;
        }
    }

    private String ask(MemoryServer one, String command, String expected) {
        one.console.forget();
        one.dispatch(one.console, command);
        one.until(() -> one.console.heard().contains(expected), command + " should say: " + expected + "\nbut: " + one.console.heard());
        return one.console.heard();
    }

    @Test
    void whatOneServerLookedUpTheOtherKnows() {
        try (Redis redis = redis(PASSWORD)) {
            String section = at(redis) + "  password:\n    value: " + PASSWORD + "\n";
            withAnother(section, section, first -> {
                MemoryServer second = server;
                second.until(() -> stats(first).networkServers() == 2 && stats(second).networkServers() == 2, "they know each other");
                ask(first, "paynowbridge lookup Notch", NOTCH_ID);
                ask(second, "paynowbridge lookup Notch", NOTCH_ID);
                assertEquals(1, sandbox.asked("lookup_customer"));
                ask(first, "paynowbridge status", "The network answers. Servers in it: 2. Answers from other servers: 0.");
                ask(second, "paynowbridge status", "The network answers. Servers in it: 2. Answers from other servers: 1.");
                String found = ask(second, "paynowbridge doctor", LAST);
                assertTrue(found.matches("(?s).*The network answers in \\d+\\.\\d\\d ms\\. Servers in it: 2\\..*"), found);
            });
        }
    }

    @Test
    void aSlowNetworkIsWaitedForAsLongAsTheOwnerSays() {
        try (Redis redis = redis("")) {
            String section = at(redis);
            withAnother(section, section, first -> {
                ask(first, "paynowbridge lookup Notch", NOTCH_ID);
                first.until(() -> redis.ask(0, "KEYS", "*:c:*").contains(":c:"), "it is there");
                // Several times as long as it is waited for by default.
                redis.pause(400);
                ask(server, "paynowbridge lookup Notch", NOTCH_ID);
                assertEquals(1, sandbox.asked("lookup_customer"));
            });
        }
    }

    @Test
    void networksWithDifferentIdsKnowNothingOfEachOther() {
        try (Redis redis = redis("")) {
            withAnother(at(redis), at(redis) + "  id: test\n", first -> {
                ask(first, "paynowbridge lookup Notch", NOTCH_ID);
                ask(server, "paynowbridge lookup Notch", NOTCH_ID);
                assertEquals(2, sandbox.asked("lookup_customer"));
                assertEquals(0, stats(server).networkHits());
            });
        }
    }

    @Test
    void theRateIsThatOfAllServers() {
        try (Redis redis = redis("")) {
            String section = at(redis) + "requests-per-second: 1\n";
            withAnother(section, section, first -> {
                MemoryServer second = server;
                // More than can be sent in the time that they have, by any machine that is not much too slow.
                List<PayNowFuture<?>> asked = new ArrayList<>();
                for (int i = 0; i < 40; i++) {
                    PayNowService service = (i % 2 == 0 ? first : second).load(PayNowService.class);
                    asked.add(service.deadline(Duration.ofSeconds(2)).lookupCustomer(new UUID(0x4000L, 0x8000000000000000L + i)));
                }
                first.until(() -> asked.stream().allMatch(PayNowFuture::isDone), "all end");
                assertTrue(asked.stream().anyMatch(future -> future.handle((found, failure) -> failure instanceof PayNowException.RateLimited).join()));
                assertTrue(stats(first).networkRefused() > 0 && stats(second).networkRefused() > 0);
                String status = ask(first, "paynowbridge status", "Requests refused because of the shared rate: ");
                assertTrue(status.contains("shared rate: " + stats(first).networkRefused() + "."), status);
            });
        }
    }
}
