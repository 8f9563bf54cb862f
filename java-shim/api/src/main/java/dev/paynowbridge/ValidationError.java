package dev.paynowbridge;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One error that the API found in its input. */
public final class ValidationError {
    private final @Nullable String code;
    private final @Nullable String message;
    private final @Nullable String validation;
    private final List<String> path;

    ValidationError(
            @Nullable String code, @Nullable String message, @Nullable String validation, List<String> path) {
        this.code = code;
        this.message = message;
        this.validation = validation;
        this.path = path;
    }

    /**
     * PayNow's word for it.
     *
     * @return the word, if there is one
     */
    public Optional<String> code() {
        return Optional.ofNullable(code);
    }

    /**
     * For a human.
     *
     * @return the sentence, if there is one
     */
    public Optional<String> message() {
        return Optional.ofNullable(message);
    }

    /**
     * The check that failed.
     *
     * @return its name, if it has one
     */
    public Optional<String> validation() {
        return Optional.ofNullable(validation);
    }

    /**
     * Where in the input.
     *
     * @return the path, one segment an element; one that came as a string is one segment
     */
    public List<String> path() {
        return path;
    }

    @Override
    public String toString() {
        return String.join(".", path) + ": " + message;
    }
}
