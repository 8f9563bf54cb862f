package dev.paynowbridge.common;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The words of a command as a person meant them: without what cannot be seen, and without empty ones. */
final class Words {
    /** Letters by their category, and still without any shape. */
    private static final String SHAPELESS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0";

    private Words() {}

    static List<String> of(String[] given) {
        List<String> words = new ArrayList<>();
        for (String word : given) {
            Arrays.stream(visible(word).split(" ")).filter(part -> !part.isEmpty()).forEach(words::add);
        }
        return words;
    }

    /** What is copied from a web page or a chat often holds blanks of no width, or ones that do not break. */
    static String visible(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints().forEach(c -> {
            if (Character.isSpaceChar(c) || Character.isWhitespace(c)) {
                out.append(' ');
            } else if (!isInvisible(c)) {
                out.appendCodePoint(c);
            }
        });
        return out.toString();
    }

    private static boolean isInvisible(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.UNASSIGNED -> true;
            default -> SHAPELESS.indexOf(c) >= 0 || c >= 0xfe00 && c <= 0xfe0f;
        };
    }
}
