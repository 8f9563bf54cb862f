import net.md_5.bungee.api.plugin.Plugin;

/** A plugin that does nothing. */
public final class OtherPlugin extends Plugin {}
