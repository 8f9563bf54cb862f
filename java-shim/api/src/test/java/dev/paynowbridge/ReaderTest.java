package dev.paynowbridge;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the library says and these classes do not know. */
class ReaderTest {
    /** Writes what src/jni/encode.rs describes. */
    private static final class Writer {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Writer octet(int value) {
            bytes.write(value);
            return this;
        }

        Writer integer(int value) {
            bytes.writeBytes(ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
            return this;
        }

        Writer number(long value) {
            bytes.writeBytes(ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
            return this;
        }

        Writer text(String value) {
            byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
            integer(utf8.length);
            bytes.writeBytes(utf8);
            return this;
        }

        Writer nothing() {
            return integer(-1);
        }

        Writer whole(Writer part) {
            integer(part.bytes.size());
            bytes.writeBytes(part.bytes.toByteArray());
            return this;
        }
    }

    private static Writer customer(String id) {
        Writer customer = new Writer().text(id);
        for (int text = 0; text < 5; text++) {
            customer.nothing();
        }
        customer.octet(0);
        for (int date = 0; date < 2; date++) {
            customer.nothing().number(Long.MIN_VALUE);
        }
        return customer.octet(0).octet(0).octet(0).integer(1).text("rank").text("vip");
    }

    @Test
    void aFieldThatIsNotKnownHereCostsNothingElse() {
        Writer completion = new Writer()
                .octet(Reader.COMPLETION)
                .integer(7)
                .octet(1).octet(0).octet(2).octet(0)
                .integer(200).integer(1)
                .number(-1).number(0).number(0)
                .nothing()
                .octet(0)
                .octet(3)
                .integer(2)
                .whole(customer("1").text("a field of a later library").number(5))
                .whole(customer("2").octet(9))
                .octet(0);
        byte[] batch = new Writer().whole(completion).bytes.toByteArray();
        Reader in = new Reader(batch, batch.length);
        assertEquals(Reader.COMPLETION, in.record());
        assertEquals(7, in.ticket());
        Object answer = in.completion().answer;
        List<?> customers = (List<?>) answer;
        assertEquals(List.of("1", "2"), customers.stream().map(one -> ((Customer) one).id()).toList());
        for (Object one : customers) {
            assertEquals(Map.of("rank", "vip"), ((Customer) one).metadata());
        }
        assertEquals(-1, in.record());
    }
}
