package dev.paynowbridge.common;

import dev.paynowbridge.Customer;
import dev.paynowbridge.Profile;
import dev.paynowbridge.Remembered;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What is known of players, for scoreboards and permissions, which ask again and again. Answers at once from what the client
 * remembers, and never waits. A player of whom nothing is known is looked up in the background, within the budget of the warm-up.
 * Any thread.
 */
public final class Placeholders {
    /** What the names of placeholders and contexts begin with. */
    public static final String IDENTIFIER = "paynowbridge";
    /** The placeholders that need nothing else. */
    public static final List<String> NAMES = List.of("customer_id", "name", "is_customer", "since");
    /** The placeholder that needs the key of an entry. */
    public static final String METADATA = "metadata";

    private static final String METADATA_PREFIX = METADATA + "_";

    /** A scoreboard has many lines for one player: so long what was seen counts without looking again. */
    private static final long GLANCE = Duration.ofMillis(25).toNanos();
    /** More at a time: some are forgotten. */
    private static final int MOST = 4_096;
    private static final long AFTER_FAILURE = Duration.ofSeconds(30).toNanos();
    private static final long WITHOUT_BUDGET = Duration.ofSeconds(1).toNanos();

    private final Supplier<? extends @Nullable Memory> memories;
    private final Identities identities;
    private final WarmUp warmUp;
    private final LongSupplier nanoTime;
    private final Map<UUID, Entry> entries = new ConcurrentHashMap<>();
    private final List<Watcher> watchers = new CopyOnWriteArrayList<>();

    /** {@code memories} gives null while there is no client. */
    Placeholders(Supplier<? extends @Nullable Memory> memories, Identities identities, WarmUp warmUp, LongSupplier nanoTime) {
        this.memories = memories;
        this.identities = identities;
        this.warmUp = warmUp;
        this.nanoTime = nanoTime;
    }

    /** Hears of players. On any thread, on which it must not wait. */
    interface Watcher {
        /** An answer has come that was asked for here. */
        void known(UUID id);

        /** They have left. */
        void gone(UUID id);
    }

    /** What is known of a player. */
    public static final class Answer {
        /** Of somebody of whom nothing is known. */
        public static final Answer UNKNOWN = new Answer(null);

        private static final String NOTHING = "";

        private final @Nullable Remembered remembered;
        private final @Nullable Customer customer;
        private final String id;
        private final String name;
        private final String since;

        private Answer(@Nullable Remembered remembered) {
            this.remembered = remembered;
            customer = remembered == null ? null : remembered.customer().orElse(null);
            if (customer == null) {
                id = NOTHING;
                name = NOTHING;
                since = NOTHING;
            } else {
                id = Messages.harmless(customer.id());
                name = Messages.harmless(
                        customer.name().or(() -> customer.profile().flatMap(Profile::name)).orElse(NOTHING));
                since = customer.createdAt()
                        .map(moment -> LocalDate.ofInstant(moment, ZoneOffset.UTC).toString())
                        .orElse(NOTHING);
            }
        }

        /**
         * Whether anything is known.
         *
         * @return false when it is neither known that they are a customer nor that they are none
         */
        public boolean isKnown() {
            return remembered != null;
        }

        /**
         * Whether they are known to be a customer.
         *
         * @return whether they are
         */
        public boolean isCustomer() {
            return customer != null;
        }

        /**
         * The text of a placeholder. Cannot colour, break or flood what it is put into.
         *
         * @param placeholder its name, without what all of them begin with
         * @return the text, empty for what is not known; null for an unknown placeholder
         */
        public @Nullable String text(String placeholder) {
            return switch (placeholder) {
                case "customer_id" -> id;
                case "name" -> name;
                case "since" -> since;
                case "is_customer" -> isKnown() ? String.valueOf(isCustomer()) : NOTHING;
                default -> placeholder.startsWith(METADATA_PREFIX)
                        ? metadata(placeholder.substring(METADATA_PREFIX.length()))
                        : null;
            };
        }

        /**
         * An entry of the customer's metadata.
         *
         * @param key its key
         * @return the text; empty for none
         */
        public String metadata(String key) {
            String value = customer == null ? null : customer.metadata().get(key);
            return value == null ? NOTHING : Messages.harmless(value);
        }
    }

    /**
     * What was seen last.
     *
     * @param memory where
     * @param at when it was looked at
     * @param answer what is shown
     * @param freshAt when it was last fresh
     */
    private record Look(@Nullable Memory memory, long at, Answer answer, long freshAt) {
        static final Look NONE = new Look(null, 0, Answer.UNKNOWN, 0);

        boolean isRecent(Memory current, long now) {
            return memory == current && now - at < GLANCE;
        }

        boolean standsIn(Memory current, long now) {
            return answer.isKnown()
                    && memory != null
                    && (memory == current || memory.sameStore(current))
                    && now - freshAt <= current.standInNanos();
        }
    }

    /**
     * What was asked.
     *
     * @param memory of what
     * @param next not again before this
     */
    private record Asked(@Nullable Memory memory, long next) {
        static final Asked NEVER = new Asked(null, 0);
    }

    /** A player, with what was seen last. */
    private static final class Entry {
        private final UUID id;
        private final @Nullable String name;
        private final boolean unproven;
        /** Null: PayNow cannot know them. */
        private volatile @Nullable Identity identity;

        private final AtomicReference<Look> look = new AtomicReference<>(Look.NONE);
        private final AtomicReference<Asked> asked = new AtomicReference<>(Asked.NEVER);

        Entry(UUID id, @Nullable String name, boolean unproven, @Nullable Identity identity) {
            this.id = id;
            this.name = name;
            this.unproven = unproven;
            this.identity = identity;
        }

        boolean isOf(@Nullable String itsName, boolean isUnproven) {
            return unproven == isUnproven && Objects.equals(name, itsName);
        }

        /** Takes the one chance to ask now; null when it is not there. */
        @Nullable Asked begin(Memory memory, long now) {
            Asked before = asked.get();
            if (before.memory() == memory && now - before.next() < 0) {
                return null;
            }
            Asked mine = new Asked(memory, now + Math.max(AFTER_FAILURE, memory.freshNanos()));
            return asked.compareAndSet(before, mine) ? mine : null;
        }

        /** The next chance comes earlier. */
        void retry(Asked mine, long next) {
            asked.compareAndSet(mine, new Asked(mine.memory(), next));
        }
    }

    /**
     * What is known of a player.
     *
     * @param player the player
     * @return what is known
     */
    public Answer of(Visitor player) {
        return of(player.id(), player.name(), player.unproven());
    }

    /**
     * What is known of a player who need not be on the server.
     *
     * @param id their UUID
     * @param name their name; null when it is not known
     * @return what is known
     */
    public Answer of(UUID id, @Nullable String name) {
        return of(id, name, false);
    }

    private Answer of(UUID id, @Nullable String name, boolean unproven) {
        Memory memory = memories.get();
        if (memory == null) {
            return Answer.UNKNOWN;
        }
        Entry entry = entries.get(id);
        if (entry == null || !entry.isOf(name, unproven)) {
            entry = enter(id, name, unproven);
        }
        long now = nanoTime.getAsLong();
        Look look = entry.look.get();
        return look.isRecent(memory, now) ? look.answer() : lookAgain(entry, look, memory, now);
    }

    private Entry enter(UUID id, @Nullable String name, boolean unproven) {
        Iterator<UUID> others = entries.keySet().iterator();
        if (entries.size() >= MOST && others.hasNext()) {
            others.next();
            others.remove();
        }
        Entry entry = new Entry(id, name, unproven, identities.of(id, name, unproven).orElse(null));
        entries.put(id, entry);
        return entry;
    }

    private Answer lookAgain(Entry entry, Look before, Memory memory, long now) {
        Remembered found = peek(entry, memory);
        Look look;
        if (found == null) {
            boolean standsIn = before.standsIn(memory, now);
            look = new Look(memory, now, standsIn ? before.answer() : Answer.UNKNOWN, before.freshAt());
            ask(entry, memory, now, standsIn);
        } else {
            look = new Look(memory, now, found == before.answer().remembered ? before.answer() : new Answer(found), now);
        }
        // Another thread may have seen more.
        return entry.look.compareAndSet(before, look) ? look.answer() : entry.look.get().answer();
    }

    private static @Nullable Remembered peek(Entry entry, Memory memory) {
        Identity identity = entry.identity;
        if (identity == null) {
            return null;
        }
        try {
            return memory.peek(identity.key()).orElse(null);
        } catch (IllegalArgumentException e) {
            entry.identity = null;
            return null;
        }
    }

    private void ask(Entry entry, Memory memory, long now, boolean again) {
        Identity identity = entry.identity;
        if (identity == null || !memory.mayWarmUp()) {
            return;
        }
        Asked mine = entry.begin(memory, now);
        if (mine == null) {
            return;
        }
        CompletionStage<?> asked = warmUp.lookUp(memory, identity, again);
        if (asked == null) {
            entry.retry(mine, now + WITHOUT_BUDGET);
            return;
        }
        asked.whenComplete((found, failure) -> {
            if (failure != null) {
                entry.retry(mine, nanoTime.getAsLong() + AFTER_FAILURE);
                return;
            }
            entry.look.updateAndGet(look -> new Look(look.memory(), look.at() - GLANCE, look.answer(), look.freshAt()));
            watchers.forEach(watcher -> watcher.known(entry.id));
        });
    }

    /** They have left: what is remembered here for their sake goes. */
    void forget(UUID id) {
        entries.remove(id);
        watchers.forEach(watcher -> watcher.gone(id));
    }

    /** Of how many players anything is remembered. */
    int size() {
        return entries.size();
    }

    void watch(Watcher watcher) {
        watchers.add(watcher);
    }

    void unwatch(Watcher watcher) {
        watchers.remove(watcher);
    }
}
