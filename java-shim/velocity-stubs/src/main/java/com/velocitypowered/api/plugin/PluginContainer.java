package com.velocitypowered.api.plugin;

import java.util.Optional;

public interface PluginContainer {
    PluginDescription getDescription();

    Optional<?> getInstance();
}
