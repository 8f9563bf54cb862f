package dev.paynowbridge.internal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * What the JVM runs on.
 *
 * @param os {@code linux}, {@code windows}, {@code macos} or what the JVM says
 * @param arch {@code x86_64}, {@code i686}, {@code aarch64} or what the JVM says
 * @param musl whether its C library is musl
 */
record Platform(String os, String arch, boolean musl) {
    private static final int I686 = 3;
    private static final int X86_64 = 62;
    private static final int AARCH64 = 183;

    static Platform ofThisJvm() {
        return of(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));
    }

    /** By the names a JVM has for its system and its processor. */
    static Platform of(String osName, String osArch) {
        String os = osName.toLowerCase(Locale.ROOT);
        os = os.startsWith("windows") ? "windows" : os.startsWith("mac") ? "macos" : os;
        String arch = osArch.toLowerCase(Locale.ROOT);
        arch = switch (arch) {
            case "amd64" -> "x86_64";
            case "x86", "i386", "i486", "i586" -> "i686";
            default -> arch;
        };
        return new Platform(os, arch, os.equals("linux") && usesMusl(mapped()));
    }

    /** What is mapped into this process tells which C library it runs on, without starting another one. */
    private static String mapped() {
        try {
            return Files.readString(Path.of("/proc/self/maps"), StandardCharsets.ISO_8859_1);
        } catch (IOException | SecurityException unknown) {
            return "";
        }
    }

    static boolean usesMusl(String maps) {
        return maps.contains("/ld-musl-") || maps.contains("/libc.musl-");
    }

    /** The folder of the jar its library is in. */
    String name() {
        return os + "-" + arch + (musl ? "-musl" : "");
    }

    /** What keeps a library from being loaded here; null when nothing in its header does. */
    String problemWith(byte[] library) {
        if (!os.equals("linux")) {
            return null;
        }
        Elf elf = Elf.read(library);
        if (elf == null) {
            return "it is not a Linux library, or is damaged";
        }
        int wanted = switch (arch) {
            case "x86_64" -> X86_64;
            case "i686" -> I686;
            case "aarch64" -> AARCH64;
            default -> elf.machine;
        };
        if (elf.machine != wanted) {
            return "it was built for " + processor(elf.machine) + ", and this JVM is for " + arch;
        }
        Boolean forMusl = elf.isForMusl();
        if (forMusl != null && forMusl != musl) {
            return "it was built for " + libc(forMusl) + ", and this JVM runs on " + libc(musl);
        }
        return null;
    }

    private static String processor(int machine) {
        return switch (machine) {
            case I686 -> "i686";
            case X86_64 -> "x86_64";
            case AARCH64 -> "aarch64";
            default -> "another processor (ELF machine " + machine + ")";
        };
    }

    String libc() {
        return libc(musl);
    }

    private static String libc(boolean musl) {
        return musl ? "musl" : "glibc";
    }
}
