package dev.paynowbridge;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.paynowbridge.sandbox.Apart;
import dev.paynowbridge.sandbox.Sandbox;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A jar that is replaced while it is in use: no class comes from it any more, and every call still ends as it should. */
class LateClassesTest extends OnSandbox {
    private static final Path CLASSES = Path.of(System.getProperty("paynow.test.classes"));

    /** Runs inside the jar's class loader: given a word, says how the call it stands for ended. */
    public static final class Inside implements Function<String, String> {
        private final PayNowClient client;

        /** Makes the client. */
        public Inside(String base, String key) {
            client = PayNowClient.builder(Sandbox.STORE).apiBase(base).apiKey(key).proxy("").maxAttempts(1).build();
        }

        @Override
        public String apply(String word) {
            PayNowFuture<?> future = switch (word) {
                case "lookup" -> client.lookupCustomer(LookupKey.minecraftJavaName("Notch"));
                case "token" -> client.tokenFor(Player.named("Notch"));
                case "card" -> client.lookupGiftcard(CustomerToken.of("wrong"), "x");
                case "request" -> client.request(ApiRequest.get("/v1/stores/{store_id}/customers"));
                default -> client.bulkCreateCustomers(List.of(), chunk -> {});
            };
            try {
                return String.valueOf(future.get()).replaceAll("[\\[{].*", "");
            } catch (ExecutionException e) {
                return e.getCause().getClass().getSimpleName();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    @Test
    @SuppressWarnings("unchecked")
    void nothingIsNeededFromTheJarAfterTheClientWasMade() throws Exception {
        List<String> missing = new ArrayList<>();
        try (Apart jar = new Apart(CLASSES, CLASSES.resolveSibling("test-classes"))) {
            var made = jar.loadClass(Inside.class.getName()).getConstructor(String.class, String.class);
            Function<String, String> inside = (Function<String, String>) made.newInstance(sandbox.base(), Sandbox.KEY);
            jar.close();
            try (Stream<Path> files = Files.list(CLASSES.resolve("dev/paynowbridge"))) {
                for (String name : new TreeSet<>(files.map(path -> path.getFileName().toString()).toList())) {
                    if (name.endsWith(".class") && !name.startsWith("package-info")) {
                        String type = "dev.paynowbridge." + name.substring(0, name.length() - ".class".length());
                        if (!jar.has(type)) {
                            missing.add(type);
                        }
                    }
                }
            }
            assertEquals(List.of(), missing);
            assertEquals("Optional", inside.apply("lookup"));
            assertEquals("PlayerToken", inside.apply("token"));
            assertEquals("Api", inside.apply("card"));
            assertEquals("ApiResponse", inside.apply("request"));
            assertEquals("BulkReport", inside.apply("bulk"));
            sandbox.respond("*", "{\"status\":422,\"body\":\"{\\\"message\\\":\\\"no\\\",\\\"errors\\\":[{\\\"path\\\":[\\\"a\\\"]}]}\"}");
            assertEquals("Api", inside.apply("token"));
        }
    }
}
