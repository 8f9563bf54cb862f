package dev.paynowbridge.common;

import dev.paynowbridge.LookupKey;
import dev.paynowbridge.Remembered;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** What a client remembers of customers, and how it is asked for more. Any thread. */
interface Memory {
    /** What is remembered and still fresh. Asks for nothing. */
    Optional<Remembered> peek(LookupKey key);

    /** Asks for it, behind what players wait for. */
    CompletionStage<?> lookUp(LookupKey key);

    /** Whether players may be looked up before a command or a plugin asks for them. */
    boolean mayWarmUp();

    /** How long an answer is fresh. */
    long freshNanos();

    /** How long it may be shown when it is not fresh any more. */
    long standInNanos();

    /** Whether both are of the same store. */
    boolean sameStore(Memory other);
}
