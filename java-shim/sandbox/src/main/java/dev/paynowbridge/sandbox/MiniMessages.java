package dev.paynowbridge.sandbox;

import java.lang.reflect.Method;
import net.kyori.adventure.audience.Audience;
import net.kyori.adventure.text.Component;
import net.kyori.adventure.text.TextComponent;
import net.kyori.adventure.text.minimessage.MiniMessage;
import net.kyori.adventure.text.minimessage.tag.resolver.TagResolver;

/** Texts with the tags of the real MiniPlaceholders, as a plugin shows them to a player. */
public final class MiniMessages {
    private static final String API = "io.github.miniplaceholders.api.MiniPlaceholders";

    private MiniMessages() {}

    /** What a player is shown, without its formats. */
    public static String shown(Audience player, String text) {
        StringBuilder shown = new StringBuilder();
        flatten(component(player, text), shown);
        return shown.toString();
    }

    private static void flatten(Component component, StringBuilder into) {
        into.append(((TextComponent) component).content());
        component.children().forEach(child -> flatten(child, into));
    }

    /** In version 2 the tags know the player, in version 3 the message does. */
    private static Component component(Audience player, String text) {
        try {
            for (Method method : Class.forName(API).getMethods()) {
                switch (method.getName()) {
                    case "getAudiencePlaceholders" -> {
                        return MiniMessage.miniMessage().deserialize(text, (TagResolver) method.invoke(null, player));
                    }
                    case "audiencePlaceholders" -> {
                        return MiniMessage.miniMessage().deserialize(text, player, (TagResolver) method.invoke(null));
                    }
                    default -> {}
                }
            }
            throw new IllegalStateException("another version of MiniPlaceholders");
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
