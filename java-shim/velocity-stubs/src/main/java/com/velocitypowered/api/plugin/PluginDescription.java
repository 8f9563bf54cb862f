package com.velocitypowered.api.plugin;

import com.velocitypowered.api.plugin.meta.PluginDependency;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

public interface PluginDescription {
    String getId();

    Optional<String> getVersion();

    default Collection<PluginDependency> getDependencies() {
        return List.of();
    }
}
