package dev.paynowbridge;

import java.util.UUID;

/** Numbers for what hosts call together: equal for equal things, and as good as never for others. */
final class Tags {
    private static final long FNV_OFFSET = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;

    private Tags() {}

    static long of(UUID uuid) {
        return spread(uuid.getMostSignificantBits() * 31 + uuid.getLeastSignificantBits());
    }

    static long of(String name) {
        long hash = FNV_OFFSET;
        for (int i = 0; i < name.length(); i++) {
            hash = (hash ^ name.charAt(i)) * FNV_PRIME;
        }
        return spread(hash);
    }

    /** 0 is the tag of calls without one. */
    private static long spread(long hash) {
        long mixed = (hash ^ hash >>> 32) * 0x9e3779b97f4a7c15L;
        return mixed == 0 ? 1 : mixed;
    }
}
