package org.bukkit.configuration.file;

import org.bukkit.configuration.ConfigurationSection;

/** A configuration that is a file. */
public abstract class FileConfiguration implements ConfigurationSection {}
