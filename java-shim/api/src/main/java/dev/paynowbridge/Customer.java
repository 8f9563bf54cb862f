package dev.paynowbridge;

import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A customer of a store.
 *
 * <p>Only the id is always there: the API leaves out or nulls the rest at will.
 */
public final class Customer {
    private final String id;
    private final @Nullable String storeId;
    private final @Nullable String steamId;
    private final @Nullable String minecraftUuid;
    private final @Nullable String xboxXuid;
    private final @Nullable String name;
    private final @Nullable MinecraftPlatform minecraftPlatform;
    private final @Nullable Moment createdAt;
    private final @Nullable Moment updatedAt;
    private final @Nullable Profile profile;
    private final @Nullable Profile steam;
    private final @Nullable Profile minecraft;
    private final Map<String, String> metadata;

    Customer(Reader in) {
        id = in.text();
        storeId = in.text();
        steamId = in.text();
        minecraftUuid = in.text();
        xboxXuid = in.text();
        name = in.text();
        minecraftPlatform = in.minecraftPlatform();
        createdAt = in.moment();
        updatedAt = in.moment();
        profile = in.profile();
        steam = in.profile();
        minecraft = in.profile();
        metadata = in.metadata();
    }

    /**
     * PayNow's id of the customer: a 64-bit number kept as text.
     *
     * @return the id
     */
    public String id() {
        return id;
    }

    /**
     * The store the customer belongs to.
     *
     * @return the store's id, if it was said
     */
    public Optional<String> storeId() {
        return Optional.ofNullable(storeId);
    }

    /**
     * SteamID64, kept as text.
     *
     * @return the id, if the customer has one
     */
    public Optional<String> steamId() {
        return Optional.ofNullable(steamId);
    }

    /**
     * Minecraft UUID as the server spelled it. Unset in offline-mode stores; derived from the XUID for Bedrock players.
     *
     * @return the UUID, if the customer has one
     */
    public Optional<String> minecraftUuid() {
        return Optional.ofNullable(minecraftUuid);
    }

    /**
     * Xbox XUID, kept as text.
     *
     * @return the XUID, if the customer has one
     */
    public Optional<String> xboxXuid() {
        return Optional.ofNullable(xboxXuid);
    }

    /**
     * Display name set on the customer itself; profile names are not copied here.
     *
     * @return the name, if one is set
     */
    public Optional<String> name() {
        return Optional.ofNullable(name);
    }

    /**
     * Which edition the Minecraft account belongs to.
     *
     * @return the edition, if it was said
     */
    public Optional<MinecraftPlatform> minecraftPlatform() {
        return Optional.ofNullable(minecraftPlatform);
    }

    /**
     * When the customer was created.
     *
     * @return the moment, to the millisecond, if it was said and is a date
     */
    public Optional<Instant> createdAt() {
        return Moment.instant(createdAt);
    }

    /**
     * When the customer was created, as the server wrote it.
     *
     * @return the text, if it was said
     */
    public Optional<String> createdAtText() {
        return Moment.text(createdAt);
    }

    /**
     * When the customer was last changed.
     *
     * @return the moment, to the millisecond, if it was said and is a date
     */
    public Optional<Instant> updatedAt() {
        return Moment.instant(updatedAt);
    }

    /**
     * When the customer was last changed, as the server wrote it.
     *
     * @return the text, if it was said
     */
    public Optional<String> updatedAtText() {
        return Moment.text(updatedAt);
    }

    /**
     * The profile the store shows for the customer.
     *
     * @return the profile, if there is one
     */
    public Optional<Profile> profile() {
        return Optional.ofNullable(profile);
    }

    /**
     * The linked Steam profile.
     *
     * @return the profile, if there is one
     */
    public Optional<Profile> steam() {
        return Optional.ofNullable(steam);
    }

    /**
     * The linked Minecraft profile.
     *
     * @return the profile, if there is one
     */
    public Optional<Profile> minecraft() {
        return Optional.ofNullable(minecraft);
    }

    /**
     * Data the store attached, in key order.
     *
     * @return an unmodifiable map; empty when it has no entries
     */
    public Map<String, String> metadata() {
        return metadata;
    }

    private Object[] fields() {
        return new Object[] {
            id, storeId, steamId, minecraftUuid, xboxXuid, name, minecraftPlatform, createdAt, updatedAt, profile,
            steam, minecraft, metadata
        };
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Customer customer && java.util.Arrays.equals(fields(), customer.fields());
    }

    @Override
    public int hashCode() {
        return Objects.hashCode(id);
    }

    @Override
    public String toString() {
        return "Customer[id=" + id + ", name=" + name + "]";
    }
}
