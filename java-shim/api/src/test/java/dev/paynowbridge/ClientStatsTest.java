package dev.paynowbridge;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.paynowbridge.internal.Native;
import java.lang.reflect.RecordComponent;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** The library writes the numbers in the order of the components; its own tests compare the names. */
class ClientStatsTest {
    @Test
    void eachNumberIsTheComponentAtItsPlace() throws ReflectiveOperationException {
        RecordComponent[] components = ClientStats.class.getRecordComponents();
        assertEquals(Native.STATS, components.length);
        ClientStats stats = ClientStats.of(LongStream.range(0, components.length).map(place -> place + 100).toArray());
        for (int place = 0; place < components.length; place++) {
            Object value = components[place].getAccessor().invoke(stats);
            Object expected = components[place].getType() == boolean.class ? (Object) true : (Object) (place + 100L);
            assertEquals(expected, value, components[place].getName());
        }
        long[] onlyOpen = new long[components.length];
        onlyOpen[20] = 1;
        assertEquals(true, ClientStats.of(onlyOpen).circuitOpen());
        assertEquals(false, ClientStats.of(new long[components.length]).circuitOpen());
    }
}
