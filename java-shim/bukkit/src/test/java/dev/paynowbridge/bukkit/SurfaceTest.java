package dev.paynowbridge.bukkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The plugin uses of a server what bukkit-surface.txt lists, and nothing else. */
class SurfaceTest {
    private static final String FOREIGN = "(org/bukkit|org/spigotmc|net/md_5|net/kyori|net/minecraft|io/papermc|com/destroystokyo"
            + "|org/geysermc|me/clip|com/velocitypowered|com/google/inject|org/slf4j)/.*";

    /** Every object has it; compilers differ in whose they call it. */
    private static final String GET_CLASS = "getClass ()Ljava/lang/Class;";

    private static Map<String, ClassFile> plugin() throws IOException {
        return classes("paynow.plugin.classes");
    }

    private static Map<String, ClassFile> classes(String property) throws IOException {
        Map<String, ClassFile> classes = new HashMap<>();
        try (Stream<Path> files = Files.walk(Path.of(System.getProperty(property)))) {
            for (Path path : files.filter(file -> file.toString().endsWith(".class")).toList()) {
                ClassFile file = new ClassFile(Files.readAllBytes(path));
                classes.put(file.name, file);
            }
        }
        return classes;
    }

    @Test
    void onlyListedMembersAreUsed() throws IOException {
        Map<String, ClassFile> own = plugin();
        assertTrue(own.containsKey("dev/paynowbridge/bukkit/PayNowBridgePlugin"), own.keySet().toString());
        TreeSet<String> used = new TreeSet<>();
        for (ClassFile file : own.values()) {
            file.classes.stream().filter(name -> name.matches(FOREIGN)).forEach(used::add);
            for (ClassFile.Member member : file.used) {
                // What one of our classes inherits is called by our class's name.
                String owner = member.owner();
                while (own.containsKey(owner) && !own.get(owner).declared.contains(member.signature())) {
                    owner = own.get(owner).superclass;
                }
                if (owner.matches(FOREIGN) && !member.signature().equals(GET_CLASS)) {
                    used.add(owner + " " + member.signature());
                }
            }
        }
        TreeSet<String> listed = new TreeSet<>();
        for (String line : Files.readAllLines(Path.of("src/test/resources/bukkit-surface.txt"))) {
            if (!line.isBlank() && !line.startsWith("#")) {
                listed.add(line);
            }
        }
        assertEquals(String.join("\n", listed), String.join("\n", used));
    }

    @Test
    void whatIsCommonToAllPlatformsKnowsNoServer() throws IOException {
        Map<String, ClassFile> common = classes("paynow.common.classes");
        assertTrue(common.containsKey("dev/paynowbridge/common/Bridge"), common.keySet().toString());
        common.values().forEach(file ->
                file.classes.forEach(name -> assertFalse(name.matches(FOREIGN), file.name + " names " + name)));
    }

    @Test
    void everythingRunsOnJava17() throws IOException {
        plugin().values().forEach(file -> assertEquals(61, file.major, file.name));
    }
}
