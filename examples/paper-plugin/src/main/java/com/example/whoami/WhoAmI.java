package com.example.whoami;

import dev.paynowbridge.PayNowException;
import dev.paynowbridge.PayNowService;
import dev.paynowbridge.Player;
import org.bukkit.command.Command;
import org.bukkit.command.CommandSender;
import org.bukkit.plugin.java.JavaPlugin;

/** Answers /whoami with the player's id in the store. PayNowBridge has the client; nothing here ever waits. */
public class WhoAmI extends JavaPlugin {
    private PayNowService paynow;

    @Override
    public void onEnable() {
        paynow = getServer().getServicesManager().load(PayNowService.class); // stays the same through a reload
    }

    @Override
    public boolean onCommand(CommandSender sender, Command command, String label, String[] args) {
        if (!(sender instanceof org.bukkit.entity.Player player)) {
            sender.sendMessage("Only for players.");
            return true;
        }
        paynow.on(task -> getServer().getScheduler().runTask(this, task)) // the answer comes on the main thread
                .tag(getName()).tag(player.getUniqueId()) // cancelled when this plugin is disabled or the player leaves
                .ensureCustomer(Player.of(player.getUniqueId(), player.getName()))
                .whenComplete((customer, failure) -> {
                    if (failure == null) {
                        player.sendMessage("You are customer " + customer.id() + ".");
                    } else if (!PayNowException.isCancellation(failure)) { // no one waits any more: nothing to do
                        getLogger().warning("whoami: " + PayNowException.unwrap(failure).getMessage());
                        player.sendMessage("Try again later.");
                    }
                });
        return true;
    }
}
