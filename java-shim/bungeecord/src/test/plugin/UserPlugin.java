import dev.paynowbridge.LookupKey;
import dev.paynowbridge.PayNowProvider;
import dev.paynowbridge.PayNowService;
import net.md_5.bungee.api.CommandSender;
import net.md_5.bungee.api.chat.TextComponent;
import net.md_5.bungee.api.connection.ProxiedPlayer;
import net.md_5.bungee.api.plugin.Command;
import net.md_5.bungee.api.plugin.Plugin;

/** A plugin that uses the plugin. */
public class UserPlugin extends Plugin {
    private PayNowService paynow;

    @Override
    public void onEnable() {
        paynow = ((PayNowProvider) getProxy().getPluginManager().getPlugin("PayNowBridge")).service();
        getProxy().getPluginManager().registerCommand(this, new Command("whoami") {
            @Override
            public void execute(CommandSender sender, String[] args) {
                ProxiedPlayer player = (ProxiedPlayer) sender;
                paynow.tag(player.getUniqueId()) // cancelled when the player leaves the proxy
                        .lookupCustomer(LookupKey.minecraftUuid(player.getUniqueId()))
                        .thenAccept(customer -> player.sendMessage(new TextComponent(
                                customer.map(known -> "You are customer " + known.id() + ".").orElse("You are new here."))));
            }
        });
    }
}
