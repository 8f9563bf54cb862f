package dev.paynowbridge.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What a Linux library says of itself in its header: for which processor it is, and what it needs. Loading one for another C
 * library can crash the JVM instead of failing, so this is read before.
 */
final class Elf {
    private static final int CLASS_32 = 1;
    private static final int CLASS_64 = 2;
    private static final int LITTLE_ENDIAN = 1;
    private static final int HEADER = 64;
    private static final int LOAD = 1;
    private static final int DYNAMIC = 2;
    private static final long NEEDED = 1;
    private static final long STRING_TABLE = 5;

    final int machine;
    final List<String> needed;

    private Elf(int machine, List<String> needed) {
        this.machine = machine;
        this.needed = needed;
    }

    /** Reads a library; null when it is none of a little-endian processor, or is cut short. */
    static Elf read(byte[] bytes) {
        boolean isElf = bytes.length >= HEADER && bytes[0] == 0x7f && bytes[1] == 'E' && bytes[2] == 'L' && bytes[3] == 'F';
        if (!isElf || (bytes[4] != CLASS_32 && bytes[4] != CLASS_64) || bytes[5] != LITTLE_ENDIAN) {
            return null;
        }
        Words in = new Words(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN), bytes[4] == CLASS_64);
        try {
            return new Elf(in.half(18), needed(in));
        } catch (IndexOutOfBoundsException cutShort) {
            return null;
        }
    }

    private record Segment(int type, long offset, long address, long size) {}

    /** A file whose addresses and offsets have 32 or 64 bits. */
    private record Words(ByteBuffer bytes, boolean wide) {
        /** Bytes of an address. */
        int word() {
            return wide ? 8 : 4;
        }

        int half(int at) {
            return Short.toUnsignedInt(bytes.getShort(at));
        }

        long address(long at) {
            return wide ? bytes.getLong(index(at)) : Integer.toUnsignedLong(bytes.getInt(index(at)));
        }
    }

    private static List<String> needed(Words in) {
        List<Segment> segments = segments(in);
        List<Long> names = new ArrayList<>();
        long table = -1;
        int length = 2 * in.word();
        for (Segment segment : segments) {
            if (segment.type != DYNAMIC) {
                continue;
            }
            for (long entry = segment.offset; entry + length <= segment.offset + segment.size; entry += length) {
                long tag = in.address(entry);
                long value = in.address(entry + in.word());
                if (tag == NEEDED) {
                    names.add(value);
                } else if (tag == STRING_TABLE) {
                    table = offsetOf(segments, value);
                }
            }
        }
        List<String> needed = new ArrayList<>();
        for (long name : names) {
            if (table >= 0) {
                needed.add(text(in.bytes, index(table + name)));
            }
        }
        return needed;
    }

    private static List<Segment> segments(Words in) {
        long table = in.address(in.wide ? 32 : 28);
        int size = in.half(in.wide ? 54 : 42);
        int count = in.half(in.wide ? 56 : 44);
        // With 64 bits, flags stand between the type and the offset.
        int first = in.wide ? 8 : 4;
        int word = in.word();
        List<Segment> segments = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            long at = table + (long) i * size;
            segments.add(new Segment(in.bytes.getInt(index(at)), in.address(at + first), in.address(at + first + word),
                    in.address(at + first + 3 * word)));
        }
        return segments;
    }

    private static long offsetOf(List<Segment> segments, long address) {
        for (Segment segment : segments) {
            long inside = address - segment.address;
            if (segment.type == LOAD && inside >= 0 && inside < segment.size) {
                return segment.offset + inside;
            }
        }
        return -1;
    }

    private static int index(long offset) {
        if (offset < 0 || offset > Integer.MAX_VALUE) {
            throw new IndexOutOfBoundsException();
        }
        return (int) offset;
    }

    private static String text(ByteBuffer in, int start) {
        int end = start;
        while (in.get(end) != 0) {
            end++;
        }
        return new String(in.array(), start, end - start, StandardCharsets.UTF_8);
    }

    /** Whether it was made for musl; null when it needs no C library by name. */
    Boolean isForMusl() {
        for (String library : needed) {
            if (library.startsWith("libc.musl") || library.startsWith("ld-musl") || library.equals("libc.so")) {
                return true;
            }
            if (library.equals("libc.so.6")) {
                return false;
            }
        }
        return null;
    }
}
