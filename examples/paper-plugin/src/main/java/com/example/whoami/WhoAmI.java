package com.example.whoami;

import dev.paynowbridge.PayNowClient;
import dev.paynowbridge.Player;
import org.bukkit.command.Command;
import org.bukkit.command.CommandSender;
import org.bukkit.plugin.java.JavaPlugin;

/** Answers /whoami with the player's id in the store. The PayNow plugin has the client; nothing here ever waits. */
public final class WhoAmI extends JavaPlugin {
    @Override
    public boolean onCommand(CommandSender sender, Command command, String label, String[] args) {
        PayNowClient paynow = getServer().getServicesManager().load(PayNowClient.class); // each time: a reload makes another
        if (paynow == null || !(sender instanceof org.bukkit.entity.Player player)) {
            sender.sendMessage("Only for players, and only while PayNow is set up.");
            return true;
        }
        paynow.on(task -> getServer().getScheduler().runTask(this, task)) // the answer comes on the main thread
                .tag(getName()) // cancelled by the PayNow plugin when this one is disabled
                .ensureCustomer(Player.of(player.getUniqueId(), player.getName()))
                .whenComplete((customer, failure) -> player.sendMessage(
                        failure == null ? "You are customer " + customer.id() + "." : "Try again later."));
        return true;
    }
}
