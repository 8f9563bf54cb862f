package dev.paynowbridge.common;

/** What a command cannot do with what it was given. */
final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient Line line;

    Refusal(String key, Object... values) {
        super(key);
        line = new Line(key, values);
    }

    Line line() {
        return line;
    }
}
