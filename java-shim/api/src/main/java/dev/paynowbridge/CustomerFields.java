package dev.paynowbridge;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a customer is created with or changed to. Each field is in one of three states: left out (an update leaves it as it
 * is), cleared (an update removes it), or set.
 *
 * <p>Steam id and Minecraft platform cannot be cleared: the API does not know how.
 */
public final class CustomerFields {
    private static final int STEAM_ID = 0;
    private static final int MINECRAFT_UUID = 1;
    private static final int XBOX_XUID = 2;
    private static final int NAME = 3;
    private static final int METADATA = 4;
    private static final int CLEARED = 8;
    private static final int PLATFORM = 16;

    final int mask;
    final int entries;
    final List<String> texts;

    private CustomerFields(Builder builder) {
        int bits = 0;
        List<String> values = new ArrayList<>();
        for (int field = 0; field < METADATA; field++) {
            if (builder.values[field] != null) {
                bits |= 1 << field;
                values.add(builder.values[field]);
            } else if (builder.cleared[field]) {
                bits |= 1 << CLEARED + field;
            }
        }
        entries = builder.metadata == null ? 0 : builder.metadata.size();
        if (builder.metadata != null) {
            bits |= 1 << METADATA;
            builder.metadata.forEach((key, value) -> {
                values.add(key);
                values.add(value);
            });
        } else if (builder.cleared[METADATA]) {
            bits |= 1 << CLEARED + METADATA;
        }
        if (builder.platform != null) {
            bits |= builder.platform.ordinal() + 1 << PLATFORM;
        }
        mask = bits;
        texts = List.copyOf(values);
    }

    /**
     * Begins with no field.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    int[] shape() {
        return new int[] {mask, entries};
    }

    String[] textArray() {
        return texts.toArray(String[]::new);
    }

    /** Collects fields. Not for several threads at once. */
    public static final class Builder {
        private final String[] values = new String[METADATA];
        private final boolean[] cleared = new boolean[METADATA + 1];
        private @Nullable MinecraftPlatform platform;
        private Map<String, String> metadata;

        private Builder() {}

        private Builder set(int field, String argument, String value) {
            if (value == null) {
                throw new IllegalArgumentException(argument + " is required");
            }
            values[field] = value;
            cleared[field] = false;
            return this;
        }

        private Builder clear(int field) {
            values[field] = null;
            cleared[field] = true;
            return this;
        }

        /**
         * Sets the SteamID64.
         *
         * @param steamId the id
         * @return this
         */
        public Builder steamId(String steamId) {
            return set(STEAM_ID, "steamId", steamId);
        }

        /**
         * Sets the Minecraft UUID.
         *
         * @param uuid the UUID
         * @return this
         */
        public Builder minecraftUuid(UUID uuid) {
            return set(MINECRAFT_UUID, "minecraftUuid", uuid == null ? null : uuid.toString());
        }

        /**
         * Removes the Minecraft UUID.
         *
         * @return this
         */
        public Builder clearMinecraftUuid() {
            return clear(MINECRAFT_UUID);
        }

        /**
         * Sets the edition of the Minecraft account.
         *
         * @param platform the edition
         * @return this
         */
        public Builder minecraftPlatform(MinecraftPlatform platform) {
            if (platform == null) {
                throw new IllegalArgumentException("minecraftPlatform is required");
            }
            this.platform = platform;
            return this;
        }

        /**
         * Sets the Xbox XUID.
         *
         * @param xuid the XUID
         * @return this
         */
        public Builder xboxXuid(String xuid) {
            return set(XBOX_XUID, "xboxXuid", xuid);
        }

        /**
         * Removes the Xbox XUID.
         *
         * @return this
         */
        public Builder clearXboxXuid() {
            return clear(XBOX_XUID);
        }

        /**
         * Sets the display name.
         *
         * @param name the name
         * @return this
         */
        public Builder name(String name) {
            return set(NAME, "name", name);
        }

        /**
         * Removes the display name.
         *
         * @return this
         */
        public Builder clearName() {
            return clear(NAME);
        }

        /**
         * Sets all the metadata. Whether an update merges or replaces it is nowhere documented.
         *
         * @param metadata the entries
         * @return this
         */
        public Builder metadata(Map<String, String> metadata) {
            if (metadata == null) {
                throw new IllegalArgumentException("metadata is required");
            }
            for (Map.Entry<String, String> entry : metadata.entrySet()) {
                if (entry.getKey() == null || entry.getValue() == null) {
                    throw new IllegalArgumentException("metadata must not hold null");
                }
            }
            this.metadata = new LinkedHashMap<>(metadata);
            cleared[METADATA] = false;
            return this;
        }

        /**
         * Sets the metadata to null.
         *
         * @return this
         */
        public Builder clearMetadata() {
            metadata = null;
            cleared[METADATA] = true;
            return this;
        }

        /**
         * The fields collected so far.
         *
         * @return what further changes to this builder do not touch
         */
        public CustomerFields build() {
            return new CustomerFields(this);
        }
    }
}
