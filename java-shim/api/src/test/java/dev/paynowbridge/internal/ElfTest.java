package dev.paynowbridge.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Libraries for other machines are known by their headers, before they are loaded. */
class ElfTest {
    static final int I686 = 3;
    static final int X86_64 = 62;
    static final int AARCH64 = 183;
    private static final int ADDRESS = 0x10000;

    /** A library that has nothing but a header, and what it needs. */
    static byte[] library(int machine, String... needed) {
        ByteBuffer out = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
        out.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
        out.putShort(16, (short) 3).putShort(18, (short) machine).putInt(20, 1);
        out.putLong(32, 64).putShort(52, (short) 64).putShort(54, (short) 56).putShort(56, (short) 3);
        segment(out, 64, 1, 0, ADDRESS, 1024);
        // Its stack holds data only: the JVM would warn otherwise.
        segment(out, 64 + 2 * 56, 0x6474e551, 0, 0, 0);
        out.putInt(64 + 2 * 56 + 4, 6);
        int strings = 512;
        int dynamic = 256;
        int at = dynamic;
        int string = 1;
        for (String name : needed) {
            out.putLong(at, 1).putLong(at + 8, string);
            byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
            out.put(strings + string, bytes);
            string += bytes.length + 1;
            at += 16;
        }
        out.putLong(at, 5).putLong(at + 8, ADDRESS + strings);
        segment(out, 64 + 56, 2, dynamic, ADDRESS + dynamic, at + 16 - dynamic);
        return out.array();
    }

    private static void segment(ByteBuffer out, int at, int type, long offset, long address, long size) {
        out.putInt(at, type).putLong(at + 8, offset).putLong(at + 16, address).putLong(at + 32, size);
    }

    @Test
    void aHeaderTellsProcessorAndLibraries() {
        Elf elf = Elf.read(library(AARCH64, "libgcc_s.so.1", "libc.so.6"));
        assertEquals(AARCH64, elf.machine);
        assertEquals(List.of("libgcc_s.so.1", "libc.so.6"), elf.needed);
        assertFalse(elf.isForMusl());
        assertTrue(Elf.read(library(X86_64, "libc.musl-x86_64.so.1")).isForMusl());
        assertTrue(Elf.read(library(X86_64, "libc.so")).isForMusl());
        assertNull(Elf.read(library(X86_64, "libm.so.6")).isForMusl());
    }

    @Test
    void whatIsNotALibraryIsNotReadAsOne() {
        assertNull(Elf.read(new byte[0]));
        assertNull(Elf.read("#!/bin/sh".repeat(20).getBytes(StandardCharsets.UTF_8)));
        byte[] whole = library(X86_64, "libc.so.6");
        for (int length = 0; length < 700; length++) {
            Elf.read(Arrays.copyOf(whole, length));
        }
        byte[] neither = whole.clone();
        neither[4] = 3;
        assertNull(Elf.read(neither));
        byte[] otherWayRound = whole.clone();
        otherWayRound[5] = 2;
        assertNull(Elf.read(otherWayRound));
        // What says that it is narrow is read so: whatever comes of it, it ends.
        byte[] narrow = whole.clone();
        narrow[4] = 1;
        Elf.read(narrow);
    }

    /** Of 32 bits, with what it needs at the given place of the string table. */
    private static byte[] narrowLibrary(String needed) {
        ByteBuffer out = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);
        out.put(new byte[] {0x7f, 'E', 'L', 'F', 1, 1, 1});
        out.putShort(16, (short) 3).putShort(18, (short) I686).putInt(20, 1);
        out.putInt(28, 52).putShort(40, (short) 52).putShort(42, (short) 32).putShort(44, (short) 2);
        out.putInt(52, 1).putInt(56, 0).putInt(60, ADDRESS).putInt(68, 512);
        out.putInt(84, 2).putInt(88, 128).putInt(92, ADDRESS + 128).putInt(100, 16);
        out.putInt(128, 1).putInt(132, 1).putInt(136, 5).putInt(140, ADDRESS + 256);
        out.put(257, needed.getBytes(StandardCharsets.UTF_8));
        return out.array();
    }

    @Test
    void aLibraryOf32BitsIsReadAsWell() {
        byte[] whole = narrowLibrary("libc.so.6");
        Elf elf = Elf.read(whole);
        assertEquals(I686, elf.machine);
        assertEquals(List.of("libc.so.6"), elf.needed);
        for (int length = 0; length < whole.length; length++) {
            Elf.read(Arrays.copyOf(whole, length));
        }
        Platform old = new Platform("linux", "i686", false);
        assertNull(old.problemWith(whole));
        assertEquals("it was built for x86_64, and this JVM is for i686", old.problemWith(library(X86_64, "libc.so.6")));
        assertEquals("it was built for i686, and this JVM is for x86_64",
                new Platform("linux", "x86_64", false).problemWith(whole));
    }

    @Test
    void errorsSayBothSides() {
        Platform glibc = new Platform("linux", "x86_64", false);
        Platform musl = new Platform("linux", "x86_64", true);
        assertNull(glibc.problemWith(library(X86_64, "libc.so.6")));
        assertNull(musl.problemWith(library(X86_64, "libc.musl-x86_64.so.1")));
        assertEquals("it was built for musl, and this JVM runs on glibc",
                glibc.problemWith(library(X86_64, "libc.musl-x86_64.so.1")));
        assertEquals("it was built for glibc, and this JVM runs on musl",
                musl.problemWith(library(X86_64, "libc.so.6")));
        assertEquals("it was built for aarch64, and this JVM is for x86_64",
                glibc.problemWith(library(AARCH64, "libc.so.6")));
        assertTrue(glibc.problemWith(new byte[100]).contains("damaged"));
        assertEquals("linux-x86_64-musl", musl.name());
    }

    @Test
    void eachJvmHasTheNamesOfAFolderOfTheJar() {
        assertEquals("macos-aarch64", Platform.of("Mac OS X", "aarch64").name());
        assertEquals("macos-x86_64", Platform.of("Mac OS X", "x86_64").name());
        assertEquals("windows-x86_64", Platform.of("Windows Server 2022", "amd64").name());
        assertEquals("linux-i686", Platform.of("Linux", "i386").name());
        assertEquals("linux-aarch64", Platform.of("Linux", "aarch64").name());
    }

    @Test
    void theLibcInUseIsSeenInWhatIsMapped() {
        assertTrue(Platform.usesMusl("7f0-7f1 r-xp 0 08:01 1 /lib/ld-musl-x86_64.so.1\n"));
        assertFalse(Platform.usesMusl("7f0-7f1 r-xp 0 08:01 1 /usr/lib/x86_64-linux-gnu/libc.so.6\n"));
        assertFalse(Platform.ofThisJvm().musl());
    }
}
