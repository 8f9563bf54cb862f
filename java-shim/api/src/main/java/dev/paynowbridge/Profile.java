package dev.paynowbridge;

import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A customer's profile on some platform. */
public final class Profile {
    private final @Nullable String id;
    private final @Nullable String platform;
    private final @Nullable String name;
    private final @Nullable String avatarUrl;

    Profile(
            @Nullable String id, @Nullable String platform, @Nullable String name, @Nullable String avatarUrl) {
        this.id = id;
        this.platform = platform;
        this.name = name;
        this.avatarUrl = avatarUrl;
    }

    /**
     * Identifier on the platform. That of a Minecraft profile may be a UUID, a name (offline-mode store) or an XUID
     * (Bedrock): never parse it blindly.
     *
     * @return the identifier, if there is one
     */
    public Optional<String> id() {
        return Optional.ofNullable(id);
    }

    /**
     * Name of the platform; absent in {@link Customer#steam()} and {@link Customer#minecraft()}.
     *
     * @return the platform, if it is named
     */
    public Optional<String> platform() {
        return Optional.ofNullable(platform);
    }

    /**
     * Display name on the platform.
     *
     * @return the name, if there is one
     */
    public Optional<String> name() {
        return Optional.ofNullable(name);
    }

    /**
     * Address of the avatar picture.
     *
     * @return the address, if there is one
     */
    public Optional<String> avatarUrl() {
        return Optional.ofNullable(avatarUrl);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Profile profile
                && Objects.equals(id, profile.id)
                && Objects.equals(platform, profile.platform)
                && Objects.equals(name, profile.name)
                && Objects.equals(avatarUrl, profile.avatarUrl);
    }

    @Override
    public int hashCode() {
        return Objects.hash(id, platform, name, avatarUrl);
    }

    @Override
    public String toString() {
        return "Profile[id=" + id + ", platform=" + platform + ", name=" + name + "]";
    }
}
