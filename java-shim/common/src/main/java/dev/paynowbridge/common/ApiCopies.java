package dev.paynowbridge.common;

import java.io.IOException;
import java.net.URL;
import java.util.Collections;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Names plugins that want the service and carry the API's classes in their own jar: they ask for a class that is not the
 * service's, and find none without a word.
 */
public final class ApiCopies {
    /** A class that all of them would carry, as it is called in a jar. */
    public static final String CLASS = "dev/paynowbridge/PayNowService.class";

    private ApiCopies() {}

    /**
     * Warns of a plugin once it runs, if it is one of those. On the thread that starts plugins.
     *
     * @param host this plugin's
     * @param other what the other plugin is called
     * @param wants whether it says that it uses this plugin
     * @param carries whether the API's classes are in its jar; asked only where it wants the service
     */
    public static void look(Host host, String other, boolean wants, BooleanSupplier carries) {
        if (wants && carries.getAsBoolean()) {
            host.log().warning(other + " depends on " + host.pluginName() + " but has a copy of its API in its own jar, and finds no"
                    + " service. Its developer should give the dependency paynow-bridge-api the scope provided.");
        }
    }

    /**
     * Whether the API's classes are in the jar of a plugin, where loaders look through no other plugin's. Any thread.
     *
     * @param other the plugin's loader
     * @return false, too, for the loader of this plugin
     */
    public static boolean areIn(ClassLoader other) {
        @Nullable URL own = ApiCopies.class.getClassLoader().getResource(CLASS);
        try {
            return Collections.list(other.getResources(CLASS)).stream()
                    .anyMatch(copy -> own == null || !copy.toExternalForm().equals(own.toExternalForm()));
        } catch (IOException e) {
            // Its jar cannot be read: the platform says so itself.
            return false;
        }
    }
}
