package dev.paynowbridge.common;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/** A file in YAML: texts by their paths. Read strictly; what is wrong is named with its line. */
final class Document {
    private static final String QUOTES = "Put the text in single quotes.";
    private static final String TABS = "Indent with spaces, not with tabs.";
    /** Deeper than any of our files. */
    private static final int DEEPEST = 8;

    private final String file;
    private final Map<String, Value> values = new LinkedHashMap<>();
    private final Map<String, Integer> sections = new HashMap<>();

    /** A text, and in which line it is. */
    private record Value(String text, int line) {}

    private Document(String file) {
        this.file = file;
    }

    /** A file of the owner's. */
    static Document read(File file) throws SetupException {
        byte[] bytes;
        try (InputStream in = new java.io.FileInputStream(file)) {
            bytes = in.readAllBytes();
        } catch (IOException e) {
            throw new SetupException(file.getName() + " cannot be read: " + e.getMessage() + ".");
        }
        try {
            return parse(file.getName(), StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (CharacterCodingException e) {
            throw new SetupException(file.getName() + " is not in UTF-8. Save it in that encoding.");
        }
    }

    /** A file as it came with the plugin. */
    static Document delivered(String name) {
        try (InputStream in = Document.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the jar holds no " + name);
            }
            return parse(name, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (SetupException e) {
            throw new IllegalStateException(e);
        }
    }

    static Document parse(String file, String text) throws SetupException {
        String known = text.startsWith("\uFEFF") ? text.substring(1) : text;
        Document document = new Document(file);
        try {
            LoadSettings settings = LoadSettings.builder().setLabel(file).build();
            Optional<Node> root = new Compose(settings).composeString(known);
            if (root.isPresent() && !isNothing(root.get())) {
                if (!(root.get() instanceof MappingNode top)) {
                    throw new SetupException(file + " must hold names and values, such as store-id: '123'.");
                }
                document.collect("", top, 0);
            }
        } catch (MarkedYamlEngineException e) {
            int line = e.getProblemMark().or(e::getContextMark).map(Mark::getLine).orElse(0);
            throw document.wrong(line + 1, "this is not YAML: " + plain(e.getProblem()) + ". " + advice(known, line));
        } catch (YamlEngineException | StackOverflowError e) {
            throw new SetupException(file + " is not YAML: " + plain(e.getMessage()) + ".");
        }
        return document;
    }

    private static String plain(@Nullable String problem) {
        return problem == null ? "it cannot be read" : problem.strip().replaceAll("\\s*[\\r\\n]+\\s*", "; ");
    }

    private static String advice(String text, int line) {
        String[] lines = text.split("\\r?\\n|\\r", -1);
        // The parser may notice only in the next line what is wrong in the one before.
        for (int i = Math.max(0, line - 1); i <= Math.min(line, lines.length - 1); i++) {
            String indentation = lines[i].substring(0, lines[i].length() - lines[i].stripLeading().length());
            if (indentation.contains("\t")) {
                return TABS;
            }
        }
        return line < lines.length && lines[line].contains("\t") ? TABS : QUOTES;
    }

    private static boolean isNothing(Node node) {
        return node instanceof ScalarNode scalar && scalar.getScalarStyle() == ScalarStyle.PLAIN && scalar.getValue().isEmpty();
    }

    private void collect(String above, MappingNode section, int depth) throws SetupException {
        if (depth > DEEPEST) {
            throw wrong(line(section), "the settings are nested too deeply");
        }
        for (NodeTuple entry : section.getValue()) {
            if (!(entry.getKeyNode() instanceof ScalarNode name)) {
                throw wrong(line(entry.getKeyNode()), "this is not a name. " + QUOTES);
            }
            take(above + name.getValue(), line(name), entry.getValueNode(), depth);
        }
    }

    private void take(String path, int line, Node value, int depth) throws SetupException {
        Value before = values.get(path);
        Integer section = sections.get(path);
        if (before != null || section != null) {
            throw wrong(line, path + " occurs twice, for the first time in line " + (before == null ? section : before.line()));
        }
        if (value.getAnchor().isPresent()) {
            throw wrong(line, "a text that begins with & or * must be in quotes. " + QUOTES);
        }
        if (value instanceof MappingNode below) {
            sections.put(path, line);
            collect(path + ".", below, depth + 1);
        } else if (value instanceof ScalarNode scalar) {
            boolean isNull = scalar.getScalarStyle() == ScalarStyle.PLAIN
                    && (scalar.getValue().equals("~") || scalar.getValue().equals("null"));
            values.put(path, new Value(isNull ? "" : scalar.getValue(), line));
        } else {
            throw wrong(line, path + " must be one value, not a list");
        }
    }

    private static int line(Node node) {
        return node.getStartMark().map(Mark::getLine).orElse(0) + 1;
    }

    private SetupException wrong(int line, String what) {
        return new SetupException(file + ", line " + line + ": " + what + (what.endsWith(".") ? "" : "."));
    }

    /** What is wrong with one of its values, with its line where it has one. */
    SetupException wrong(String path, String what) {
        Value value = values.get(path);
        return value == null
                ? new SetupException(path + " in " + file + " " + what + ".")
                : new SetupException(file + ", line " + value.line() + ": " + path + " " + what + ".");
    }

    /** Null where no entry has that name. */
    @Nullable String text(String path) {
        Value value = values.get(path);
        return value == null ? null : value.text();
    }

    boolean hasSection(String path) {
        return sections.containsKey(path);
    }

    /** The first thing in it that another document, which has all there is, does not know; null when it knows all. */
    @Nullable String unknownAmong(Document whole) {
        for (Map.Entry<String, Value> entry : values.entrySet()) {
            String path = entry.getKey();
            if (!whole.values.containsKey(path)) {
                return unknown(path, entry.getValue().line(), whole);
            }
        }
        for (Map.Entry<String, Integer> entry : sections.entrySet()) {
            if (!whole.sections.containsKey(entry.getKey())) {
                return unknown(entry.getKey(), entry.getValue(), whole);
            }
        }
        return null;
    }

    private String unknown(String path, int line, Document whole) {
        String at = file + ", line " + line + ": ";
        if (whole.sections.containsKey(path)) {
            return at + path + " has no value of its own, but these: " + whole.below(path) + ".";
        }
        if (whole.values.containsKey(path)) {
            return at + path + " has one value, and nothing below it.";
        }
        String meant = whole.closestTo(path);
        return at + path + " is unknown" + (meant == null ? ". Remove the line." : "; " + meant + " is probably meant.");
    }

    private String below(String section) {
        return String.join(", ", values.keySet().stream().filter(path -> path.startsWith(section + ".")).toList());
    }

    private @Nullable String closestTo(String path) {
        @Nullable String closest = null;
        int least = Integer.MAX_VALUE;
        for (String known : values.keySet()) {
            int whole = distance(letters(path), letters(known));
            int distance = Math.min(whole, distance(letters(last(path)), letters(last(known))) + 1);
            if (distance < least) {
                least = distance;
                closest = known;
            }
        }
        return least <= Math.max(2, letters(last(path)).length() / 3) ? closest : null;
    }

    private static String last(String path) {
        return path.substring(path.lastIndexOf('.') + 1);
    }

    private static String letters(String path) {
        return path.toLowerCase(Locale.ROOT).replaceAll("[-_ ]", "");
    }

    /** How many letters have to be changed, put in or taken out. */
    private static int distance(String one, String other) {
        int[] row = new int[other.length() + 1];
        for (int j = 0; j <= other.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= one.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= other.length(); j++) {
                int changed = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(changed, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[other.length()];
    }
}
