package dev.paynowbridge.common;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Who is who without Floodgate. */
class IdentitiesTest {
    private static final UUID NOTCH = UUID.fromString("069a79f4-44e9-4726-a5be-fca90e38aaf5");
    private static final UUID PIA = new UUID(0, 2535432196048835L);

    @Test
    void withoutFloodgateNothingIsAskedOfIt() {
        assertEquals(Optional.empty(), Floodgate.find(ClassLoader.getPlatformClassLoader()));
        Identities identities = new Identities(Optional.empty());
        assertEquals(".", identities.bedrockPrefix());
        assertEquals(Identities.Kind.BEDROCK, identities.kind(PIA));
        assertEquals(Identities.Kind.JAVA, identities.kind(NOTCH));
    }
}
