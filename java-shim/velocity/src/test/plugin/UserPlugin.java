package com.example.user;

import com.google.inject.Inject;
import com.velocitypowered.api.event.Subscribe;
import com.velocitypowered.api.event.connection.PostLoginEvent;
import com.velocitypowered.api.event.proxy.ProxyInitializeEvent;
import com.velocitypowered.api.proxy.Player;
import com.velocitypowered.api.proxy.ProxyServer;
import dev.paynowbridge.LookupKey;
import dev.paynowbridge.PayNowProvider;
import dev.paynowbridge.PayNowService;
import net.kyori.adventure.text.Component;

/** A plugin that uses the plugin. */
public class UserPlugin {
    private final ProxyServer proxy;
    private PayNowService paynow;

    @Inject
    public UserPlugin(ProxyServer proxy) {
        this.proxy = proxy;
    }

    @Subscribe
    public void onStart(ProxyInitializeEvent event) {
        paynow = proxy.getPluginManager().getPlugin("paynowbridge").flatMap(plugin -> plugin.getInstance())
                .map(plugin -> ((PayNowProvider) plugin).service()).orElseThrow();
    }

    @Subscribe
    public void onJoin(PostLoginEvent event) {
        Player player = event.getPlayer();
        paynow.tag(player.getUniqueId()) // cancelled when the player leaves the proxy
                .lookupCustomer(LookupKey.minecraftUuid(player.getUniqueId()))
                .thenAccept(customer -> player.sendMessage(Component.text(
                        customer.map(known -> "You are customer " + known.id() + ".").orElse("You are new here."))));
    }
}
