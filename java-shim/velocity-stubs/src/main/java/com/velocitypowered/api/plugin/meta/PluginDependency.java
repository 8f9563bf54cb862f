package com.velocitypowered.api.plugin.meta;

public final class PluginDependency {
    private final String id;

    public PluginDependency(String id, String version, boolean optional) {
        this.id = id;
    }

    public String getId() {
        return id;
    }
}
