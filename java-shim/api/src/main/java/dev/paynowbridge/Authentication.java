package dev.paynowbridge;

import org.jspecify.annotations.Nullable;

/**
 * Who wants to be authenticated.
 *
 * @param platform where the account is
 * @param id which account: what the platform calls it
 * @param customerIp the player's IPv4 or IPv6 address, without port or brackets
 * @param customerCountryCode the player's country, two capital letters (ISO 3166-1 alpha-2), or null
 */
public record Authentication(
        AuthenticationPlatform platform, String id, String customerIp, @Nullable String customerCountryCode) {
    /**
     * Without a country.
     *
     * @param platform where the account is
     * @param id which account: what the platform calls it
     * @param customerIp the player's IPv4 or IPv6 address, without port or brackets
     */
    public Authentication(AuthenticationPlatform platform, String id, String customerIp) {
        this(platform, id, customerIp, null);
    }
}
