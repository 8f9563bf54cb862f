package io.papermc.paper.threadedregions.scheduler;

/** As on Folia, as far as the plugin uses it. */
public interface ScheduledTask {}
