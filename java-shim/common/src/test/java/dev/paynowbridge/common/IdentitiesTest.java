package dev.paynowbridge.common;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

/** Who is who without Floodgate, or with one that fails. */
class IdentitiesTest {
    private static final UUID NOTCH = UUID.fromString("069a79f4-44e9-4726-a5be-fca90e38aaf5");
    private static final UUID PIA = new UUID(0, 2535432196048835L);

    private final List<String> lines = new ArrayList<>();

    private Logger log() {
        Logger log = Logger.getAnonymousLogger();
        log.setUseParentHandlers(false);
        log.addHandler(new Handler() {
            @Override
            public void publish(LogRecord line) {
                lines.add(line.getMessage());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        });
        return log;
    }

    @Test
    void withoutFloodgateTheUuidDecides() {
        assertEquals(Optional.empty(), Floodgate.find(ClassLoader.getPlatformClassLoader(), log()));
        assertEquals(List.of(), lines);
        Identities identities = new Identities(Optional.empty());
        assertEquals(".", identities.bedrockPrefix());
        assertEquals(Identity.Kind.BEDROCK, identities.of(PIA, "PixelPia").orElseThrow().kind());
        assertEquals(Identity.Kind.JAVA, identities.of(NOTCH, ".Notch").orElseThrow().kind());
        UUID offline = UUID.nameUUIDFromBytes("OfflinePlayer:.Pia".getBytes(StandardCharsets.UTF_8));
        assertEquals(Identity.offline(".Pia"), identities.of(offline, ".Pia").orElseThrow());
        assertEquals(Optional.empty(), identities.of(offline, null));
    }

    @Test
    void whereMojangWasNotAskedTheUuidProvesNothing() {
        Identities identities = new Identities(Optional.empty());
        assertEquals(Identity.Kind.JAVA, identities.of(new Visitor(NOTCH, "Pia", false)).orElseThrow().kind());
        assertEquals(Identity.offline("Pia"), identities.of(new Visitor(NOTCH, "Pia", true)).orElseThrow());
        assertEquals(Identity.Kind.BEDROCK, identities.of(new Visitor(PIA, "PixelPia", true)).orElseThrow().kind());
    }

    @Test
    void aClassLoaderThatThrowsMeansNoFloodgate() {
        ClassLoader broken = new ClassLoader(null) {
            @Override
            protected Class<?> findClass(String name) {
                throw new IllegalStateException("a test wants it");
            }
        };
        assertEquals(Optional.empty(), Floodgate.find(broken, log()));
        assertEquals(1, lines.size());
        assertTrue(lines.get(0).contains("Floodgate cannot be asked"), lines.get(0));
    }
}
