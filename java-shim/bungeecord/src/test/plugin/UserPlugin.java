import dev.paynowbridge.LookupKey;
import dev.paynowbridge.PayNowProvider;
import dev.paynowbridge.PayNowService;
import net.md_5.bungee.api.chat.TextComponent;
import net.md_5.bungee.api.connection.ProxiedPlayer;
import net.md_5.bungee.api.event.PostLoginEvent;
import net.md_5.bungee.api.plugin.Listener;
import net.md_5.bungee.api.plugin.Plugin;
import net.md_5.bungee.event.EventHandler;

/** A plugin that uses the plugin. */
public class UserPlugin extends Plugin implements Listener {
    private PayNowService paynow;

    @Override
    public void onEnable() {
        paynow = ((PayNowProvider) getProxy().getPluginManager().getPlugin("PayNowBridge")).service();
        getProxy().getPluginManager().registerListener(this, this);
    }

    @EventHandler
    public void onJoin(PostLoginEvent event) {
        ProxiedPlayer player = event.getPlayer();
        paynow.tag(player.getUniqueId()) // cancelled when the player leaves the proxy
                .lookupCustomer(LookupKey.minecraftUuid(player.getUniqueId()))
                .thenAccept(customer -> player.sendMessage(new TextComponent(
                        customer.map(known -> "You are customer " + known.id() + ".").orElse("You are new here."))));
    }
}
