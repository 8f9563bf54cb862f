package dev.paynowbridge.common;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What config.yml may say. */
class SettingsTest {
    private static final Map<String, String> WHOLE = Map.ofEntries(
            Map.entry("store-id", "1"), Map.entry("api-base", "https://api.paynow.gg"),
            Map.entry("api-key.value", "pnapi_secret"), Map.entry("bedrock-prefix", "auto"), Map.entry("warm-up", "true"),
            Map.entry("timeouts.deadline-ms", "10000"), Map.entry("timeouts.connect-ms", "3000"),
            Map.entry("cache.seconds", "300"), Map.entry("cache.unknown-seconds", "30"),
            Map.entry("cache.stale-seconds", "3600"), Map.entry("gift-cards.per-player", "5"),
            Map.entry("gift-cards.all-players", "60"), Map.entry("gift-cards.seconds", "60"),
            Map.entry("gift-cards.decimals", "2"));

    @Test
    void noSettingShowsTheKey() throws SetupException {
        Settings settings = Settings.read(WHOLE::get, Path.of("."), name -> null);
        assertFalse(settings.toString().contains("pnapi_secret"), settings.toString());
        assertEquals("config.yml", settings.key().toString());
    }
}
