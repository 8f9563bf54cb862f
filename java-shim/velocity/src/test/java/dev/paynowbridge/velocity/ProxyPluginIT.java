package dev.paynowbridge.velocity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.velocitypowered.api.event.PostOrder;
import com.velocitypowered.api.event.ResultedEvent;
import com.velocitypowered.api.event.Subscribe;
import com.velocitypowered.api.event.connection.LoginEvent;
import com.velocitypowered.api.permission.Tristate;
import com.velocitypowered.api.proxy.Player;
import dev.paynowbridge.sandbox.MiniMessages;
import dev.paynowbridge.sandbox.ProxyCases;
import inmemory.MemoryPlayer;
import inmemory.MemoryProxy;
import java.util.Arrays;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import net.kyori.adventure.text.Component;
import org.junit.jupiter.api.Test;

/** The jar, made and called as Velocity does it. */
class ProxyPluginIT extends ProxyCases<MemoryPlayer, Player, MemoryProxy> {
    @Override
    protected MemoryProxy bare() {
        return new MemoryProxy();
    }

    @Override
    protected MemoryPlayer player(String name, String... permissions) {
        return new MemoryPlayer(name, Arrays.stream(permissions).collect(Collectors.toMap(Function.identity(), all -> Tristate.TRUE)));
    }

    @Override
    protected String plugin() {
        return "paynowbridge";
    }

    @Override
    protected String description() {
        return "velocity-plugin.json";
    }

    @Override
    protected String userPlugin() {
        return "{\"id\": \"user\", \"version\": \"1\", \"main\": \"com.example.user.UserPlugin\","
                + " \"dependencies\": [{\"id\": \"paynowbridge\"}]}";
    }

    @Override
    protected String ownPackage() {
        return "dev.paynowbridge.velocity";
    }

    @Override
    protected String officialPlugin() {
        return "paynow-velocity";
    }

    @Override
    protected String networkThread() {
        return "Netty epoll Worker #0";
    }

    @Test
    void whereTheOwnerSaidNothingPlayersHaveWhatEveryPlayerHas() {
        MemoryPlayer stranger = player("Stranger");
        Player session = stranger.session(UUID.randomUUID(), true);
        proxy.join(session);
        proxy.dispatch(session, "pnbproxy lookup Notch");
        assertTrue(stranger.heard().contains("You do not have permission"), stranger.heard());
        proxy.dispatch(session, "pnbproxy giftcard NO-SUCH-CARD");
        proxy.until(() -> stranger.heard().contains("No such gift card"), "an answer");
        MemoryPlayer banned = new MemoryPlayer("Banned", Map.of("paynowbridge.giftcard", Tristate.FALSE));
        Player refused = banned.session(UUID.randomUUID(), true);
        proxy.join(refused);
        proxy.dispatch(refused, "pnbproxy giftcard NO-SUCH-CARD");
        assertTrue(banned.heard().contains("You do not have permission"), banned.heard());
    }

    @Test
    void aPlayerWhoIsRefusedIsNotLookedUp() {
        proxy.register(this, new Refusing());
        assertFalse(proxy.join(player("Notch").session(NOTCH, true)));
        answer("pnbproxy lookup jeb_", "jeb_");
        proxy.until(() -> sandbox.asked("lookup_customer") == 1, "the console's question");
        assertFalse(sandbox.log().contains(NOTCH.toString()), sandbox.log());
    }

    /** A plugin with a list of its own of those who may come. */
    public static final class Refusing {
        /** Refuses. */
        @Subscribe(order = PostOrder.NORMAL)
        public void onLogin(LoginEvent event) {
            event.setResult(ResultedEvent.ComponentResult.denied(Component.text("no")));
        }
    }

    private Player asking(MemoryPlayer player) {
        Player session = player.session(NOTCH, true);
        proxy.join(session);
        proxy.until(() -> sandbox.asked("lookup_customer") >= 1, "the warm-up");
        answer("pnbproxy lookup Notch", NOTCH_ID);
        return session;
    }

    @Test
    void theNewSessionOutlivesTheNewsThatTheOldOneEnded() {
        MemoryPlayer notch = player("Notch", "paynowbridge.lookup");
        Player old = asking(notch);
        Player now = notch.session(NOTCH, true);
        proxy.join(now);
        sandbox.hang();
        proxy.dispatch(now, "pnbproxy lookup jeb_");
        proxy.until(() -> sandbox.asked("lookup_customer") == 2, "the question");
        proxy.quit(old);
        sandbox.faults("{}");
        proxy.until(() -> notch.heard().contains("jeb_"), "the answer; heard: " + notch.heard());
        proxy.dispatch("pnbproxy status");
        assertTrue(proxy.console().heard().contains(" 0 cancelled"), proxy.console().heard());
    }

    /** What the first session has asked is under way then, while another of the same player begins and ends. */
    private void theFirstSessionHearsItsAnswer(Consumer<MemoryPlayer> another) {
        MemoryPlayer notch = player("Notch", "paynowbridge.lookup");
        Player first = asking(notch);
        sandbox.hang();
        proxy.dispatch(first, "pnbproxy lookup jeb_");
        proxy.until(() -> sandbox.asked("lookup_customer") == 2, "the question");
        another.accept(notch);
        sandbox.faults("{}");
        proxy.until(() -> notch.heard().contains("jeb_"), "the answer; heard: " + notch.heard());
        proxy.dispatch("pnbproxy status");
        assertTrue(proxy.console().heard().contains(" 0 cancelled"), proxy.console().heard());
        proxy.quit(first);
    }

    @Test
    void aSecondLoginThatIsRefusedLeavesTheFirstSessionAlone() {
        theFirstSessionHearsItsAnswer(notch -> {
            proxy.register(this, new Refusing());
            assertFalse(proxy.join(notch.session(NOTCH, true)));
        });
    }

    /** The proxy tells of the end of such a connection without having told of its login. */
    @Test
    void aSecondConnectionThatIsTurnedAwayLeavesTheFirstSessionAlone() {
        theFirstSessionHearsItsAnswer(notch -> {
            // So many that the first login is long forgotten among those that may still become a session.
            for (int i = 0; i < 10_000; i++) {
                proxy.fire(new LoginEvent(player("Other").session(UUID.randomUUID(), true)));
            }
            proxy.quit(notch.session(NOTCH, true));
        });
    }

    @Test
    void miniPlaceholdersShowCustomers() throws Exception {
        Player session = player("Notch").session(NOTCH, true);
        try (MemoryProxy two = beside("MiniPlaceholders", "1")) {
            two.join(session);
            two.until(() -> MiniMessages.shown(session, "<paynowbridge_is_customer>").equals("true"), "an answer");
            assertEquals(
                    NOTCH_ID + " Notch founder",
                    MiniMessages.shown(session, "<paynowbridge_customer_id> <paynowbridge_name> <paynowbridge_metadata:rank>"));
            Player impostor = player("Impostor").session(NOTCH, false);
            two.until(() -> MiniMessages.shown(impostor, "<paynowbridge_is_customer>").equals("false"), "not the account of their UUID");
        }
        assertEquals("<paynowbridge_name>", MiniMessages.shown(session, "<paynowbridge_name>"));
    }
}
