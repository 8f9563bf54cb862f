package dev.paynowbridge.common;

import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The words of messages.yml, in the owner's wording where there is one. Any thread. */
final class Messages {
    /** As the files that come with the plugin have it. */
    static final String COMMAND = "/paynowbridge";

    private static final char SECTION = '\u00a7';
    private static final String CODES = "0123456789abcdefklmnor";
    /** Longer than any id, name or address that is worth reading in a chat. */
    private static final int LONGEST_VALUE = 300;

    private static final Pattern HEX = Pattern.compile("&#([0-9a-fA-F]{6})");

    private final String command;
    private final Document delivered = Document.delivered(OwnersFiles.MESSAGES);
    private volatile Document own = delivered;

    /** Names the command that is given on this platform. */
    Messages(String command) {
        this.command = command;
    }

    /** Uses the owner's wording from now on. */
    void use(Document document) {
        own = document;
    }

    /** A line of a document that is never used; null for none. */
    @Nullable String unknownIn(Document document) {
        return document.unknownAmong(delivered);
    }

    /** A line with its prefix, ready to be shown; empty when the owner wants nothing said. */
    String of(Line line) {
        String text = word(line.key());
        return text.isEmpty() ? "" : coloured(word("prefix")) + filled(coloured(text), line.values());
    }

    /**
     * Lines that belong together, as one record of a log: without prefix and colours. Records that follow one another could have
     * those of other threads between them. Empty when the owner wants none of it said.
     */
    String record(List<Line> lines) {
        return lines.stream()
                .map(line -> uncoloured(filled(coloured(word(line.key())), line.values())))
                .filter(text -> !text.isEmpty())
                .collect(Collectors.joining(" "));
    }

    /** A line as it is in the file. */
    String word(String key) {
        @Nullable String text = own.text(key);
        if (text == null) {
            text = delivered.text(key);
        }
        return text == null ? key : text.replace(COMMAND, "/" + command);
    }

    private static String coloured(String text) {
        // Six codes, each of one digit: how the game writes a colour of any kind.
        String named = HEX.matcher(text)
                .replaceAll(found -> SECTION + "x" + found.group(1).replaceAll("(.)", SECTION + "$1"));
        StringBuilder out = new StringBuilder(named);
        for (int i = 0; i + 1 < out.length(); i++) {
            if (out.charAt(i) == '&' && CODES.indexOf(Character.toLowerCase(out.charAt(i + 1))) >= 0) {
                out.setCharAt(i, SECTION);
            }
        }
        return out.toString();
    }

    /** Without the codes of colours: for a log. */
    static String uncoloured(String text) {
        return text.replaceAll(SECTION + ".", "");
    }

    /** Values are put in once, from left to right: a value that looks like a place is none. */
    private static String filled(String text, Object[] values) {
        StringBuilder out = new StringBuilder();
        int from = 0;
        while (from < text.length()) {
            int open = text.indexOf('{', from);
            int close = open < 0 ? -1 : text.indexOf('}', open);
            if (close < 0) {
                break;
            }
            out.append(text, from, open);
            out.append(value(text.substring(open + 1, close), values));
            from = close + 1;
        }
        return out.append(text, from, text.length()).toString();
    }

    private static String value(String name, Object[] values) {
        for (int i = 0; i + 1 < values.length; i += 2) {
            if (values[i].equals(name)) {
                return harmless(String.valueOf(values[i + 1]));
            }
        }
        return "{" + name + "}";
    }

    /** Names and the API's sentences come from strangers: they must not colour, break or flood the chat. */
    static String harmless(String value) {
        if (isHarmless(value)) {
            return value;
        }
        StringBuilder out = new StringBuilder();
        value.codePoints()
                .filter(c -> c != SECTION)
                .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? ' ' : c)
                .limit(LONGEST_VALUE)
                .forEach(out::appendCodePoint);
        return out.toString();
    }

    /** So that what is shown all the time is not copied each time. */
    private static boolean isHarmless(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            // Beyond these a letter may be two of them: the long way decides.
            if (c < ' ' || c > '~' && c < '\u00a8' || c == '\u00ad' || c >= '\u0530') {
                return false;
            }
        }
        return value.length() <= LONGEST_VALUE;
    }
}
