package dev.paynowbridge.common;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.paynowbridge.LookupKey;
import dev.paynowbridge.Remembered;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** When players are asked for, and what is shown meanwhile; with a clock and a memory of the test's own. */
class PlaceholdersTest {
    private static final Visitor ANN = new Visitor(new UUID(0x4000, 1), "Ann");
    private static final Visitor BOB = new Visitor(new UUID(0x4000, 2), "Bob");
    private static final Remembered NO_CUSTOMER = new Remembered(Optional.empty());
    private static final String UNKNOWN = "";

    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5);
    private final WarmUp warmUp = new WarmUp(now::get);
    private final FakeMemory memory = new FakeMemory("a store");
    private FakeMemory current = memory;
    private final Placeholders placeholders =
            new Placeholders(() -> current, new Identities(Optional.empty()), warmUp, now::get);

    PlaceholdersTest() {
        warmUp.limit(20);
    }

    /** Remembers what it is told to, fresh for five minutes and of use for an hour. */
    private static final class FakeMemory implements Memory {
        private final String store;
        private final Map<LookupKey, Remembered> fresh = new HashMap<>();
        private final List<CompletableFuture<Object>> asked = new ArrayList<>();
        private int peeks;
        private boolean warm = true;
        private boolean cannotKnow;

        FakeMemory(String store) {
            this.store = store;
        }

        @Override
        public Optional<Remembered> peek(LookupKey key) {
            peeks++;
            if (cannotKnow) {
                throw new IllegalArgumentException("a test wants it");
            }
            return Optional.ofNullable(fresh.get(key));
        }

        @Override
        public CompletionStage<?> lookUp(LookupKey key) {
            asked.add(new CompletableFuture<>());
            return asked.get(asked.size() - 1);
        }

        @Override
        public boolean mayWarmUp() {
            return warm;
        }

        @Override
        public long freshNanos() {
            return Duration.ofMinutes(5).toNanos();
        }

        @Override
        public long standInNanos() {
            return Duration.ofHours(1).toNanos();
        }

        @Override
        public boolean sameStore(Memory other) {
            return store.equals(((FakeMemory) other).store);
        }

        void remember(Visitor player) {
            fresh.put(LookupKey.minecraftUuid(player.id()), NO_CUSTOMER);
        }

        void answer(int which) {
            asked.get(which).complete("an answer");
        }
    }

    private String shown(Visitor player) {
        return placeholders.of(player).text("is_customer");
    }

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    /** Twenty ticks of a scoreboard with twenty lines. */
    private void scoreboard(Visitor player) {
        for (int tick = 0; tick < 20; tick++) {
            pass(Duration.ofMillis(50));
            for (int line = 0; line < 20; line++) {
                shown(player);
            }
        }
    }

    @Test
    void anUnknownPlayerIsAskedForOnce() {
        assertEquals(UNKNOWN, shown(ANN));
        scoreboard(ANN);
        assertEquals(1, memory.asked.size());
        memory.remember(ANN);
        memory.answer(0);
        assertEquals("false", shown(ANN));
        scoreboard(ANN);
        assertEquals(1, memory.asked.size());
    }

    @Test
    void theLinesOfATickLookOnce() {
        memory.remember(ANN);
        for (int line = 0; line < 20; line++) {
            assertEquals("false", shown(ANN));
        }
        assertEquals(1, memory.peeks);
        pass(Duration.ofMillis(50));
        shown(ANN);
        assertEquals(2, memory.peeks);
    }

    @Test
    void anOldAnswerStaysUntilThereIsAnotherOne() {
        memory.remember(ANN);
        shown(ANN);
        memory.fresh.clear();
        pass(Duration.ofMinutes(5));
        scoreboard(ANN);
        assertEquals("false", shown(ANN));
        assertEquals(1, memory.asked.size(), "one question for it");
        pass(Duration.ofMinutes(30));
        assertEquals("false", shown(ANN));
        pass(Duration.ofHours(1));
        assertEquals(UNKNOWN, shown(ANN), "too old");
    }

    @Test
    void nothingIsAskedWhenTheBudgetIsSpent() {
        warmUp.limit(1);
        shown(ANN);
        memory.answer(0);
        scoreboard(BOB);
        assertEquals(1, memory.asked.size());
        pass(Duration.ofMinutes(1));
        shown(BOB);
        assertEquals(2, memory.asked.size(), "it has grown again");
    }

    @Test
    void oldAnswersLeaveHalfTheBudgetToNewPlayers() {
        warmUp.limit(2);
        memory.remember(ANN);
        memory.remember(BOB);
        shown(ANN);
        shown(BOB);
        memory.fresh.clear();
        pass(Duration.ofMinutes(6));
        shown(ANN);
        shown(BOB);
        assertEquals(1, memory.asked.size());
        shown(new Visitor(new UUID(0x4000, 3), "Cid"));
        assertEquals(2, memory.asked.size());
    }

    @Test
    void fewAreUnderWayAtOnceAndThatCostsNoBudget() {
        warmUp.limit(5);
        for (int i = 1; i <= 8; i++) {
            shown(new Visitor(new UUID(0x4000, i), "P" + i));
        }
        assertEquals(4, memory.asked.size());
        memory.asked.forEach(answer -> answer.complete("an answer"));
        pass(Duration.ofSeconds(1));
        shown(new Visitor(new UUID(0x4000, 8), "P8"));
        assertEquals(5, memory.asked.size());
    }

    @Test
    void aFailureIsAskedAgainAfterAWhile() {
        shown(ANN);
        memory.asked.get(0).completeExceptionally(new IllegalStateException("a test wants it"));
        pass(Duration.ofSeconds(29));
        shown(ANN);
        assertEquals(1, memory.asked.size());
        pass(Duration.ofSeconds(1));
        shown(ANN);
        assertEquals(2, memory.asked.size());
    }

    @Test
    void whoLeavesIsForgotten() {
        shown(ANN);
        assertEquals(1, placeholders.size());
        placeholders.forget(ANN.id());
        assertEquals(0, placeholders.size());
        shown(ANN);
        assertEquals(2, memory.asked.size());
    }

    @Test
    void soManyAreRememberedAtMost() {
        memory.warm = false;
        for (int i = 0; i < 10_000; i++) {
            shown(new Visitor(new UUID(0x4000, i), "P" + i));
        }
        assertEquals(4_096, placeholders.size());
    }

    @Test
    void aPlayerPayNowCannotKnowIsNotAskedFor() {
        memory.cannotKnow = true;
        scoreboard(ANN);
        assertEquals(1, memory.peeks);
        assertEquals(0, memory.asked.size());
        assertEquals(UNKNOWN, shown(ANN));
    }

    @Test
    void nothingIsAskedWhereTheOwnerDoesNotWantIt() {
        memory.warm = false;
        scoreboard(ANN);
        assertEquals(0, memory.asked.size());
        memory.remember(ANN);
        pass(Duration.ofMillis(50));
        assertEquals("false", shown(ANN));
    }

    @Test
    void aReloadKeepsWhatIsOfTheSameStore() {
        memory.remember(ANN);
        shown(ANN);
        current = new FakeMemory("a store");
        assertEquals("false", shown(ANN));
        assertEquals(1, current.asked.size());
        current = new FakeMemory("another store");
        assertEquals(UNKNOWN, shown(ANN));
        assertEquals(1, current.asked.size());
        current = null;
        assertEquals(UNKNOWN, shown(ANN));
    }

    @Test
    void anotherNameIsAnotherPlayerWhereNamesAreAllThereIs() {
        UUID offline = UUID.nameUUIDFromBytes(new byte[] {1});
        memory.fresh.put(LookupKey.minecraftJavaName("Ann"), NO_CUSTOMER);
        assertEquals("false", shown(new Visitor(offline, "Ann")));
        assertEquals(UNKNOWN, shown(new Visitor(offline, "Bob")));
        assertEquals(UNKNOWN, placeholders.of(offline, null).text("is_customer"));
    }

    @Test
    void thoseWhoWatchHearOfAnswersAndOfThoseWhoLeave() {
        List<String> heard = new ArrayList<>();
        Placeholders.Watcher watcher = new Placeholders.Watcher() {
            @Override
            public void known(UUID id) {
                heard.add("known " + placeholders.of(ANN).text("is_customer"));
            }

            @Override
            public void gone(UUID id) {
                heard.add("gone");
            }
        };
        placeholders.watch(watcher);
        shown(ANN);
        memory.remember(ANN);
        memory.answer(0);
        placeholders.forget(ANN.id());
        placeholders.unwatch(watcher);
        placeholders.forget(ANN.id());
        assertEquals(List.of("known false", "gone"), heard);
    }

    @Test
    void namesOfPlaceholders() {
        for (String name : Placeholders.NAMES) {
            assertEquals("", Placeholders.Answer.UNKNOWN.text(name), name);
        }
        assertEquals("", Placeholders.Answer.UNKNOWN.text("metadata_rank"));
        assertNull(Placeholders.Answer.UNKNOWN.text("metadata"));
        assertNull(Placeholders.Answer.UNKNOWN.text("rank"));
    }

    @Test
    void whatIsHarmlessIsNotCopied() {
        String german = "Gr\u00fcnes B\u00e4umchen ~";
        assertSame(german, Messages.harmless(german));
        assertEquals("lbold and more", Messages.harmless("\u00a7lbold\nand\u202emore"));
        assertEquals("\u6625\u306e\u5c71", Messages.harmless("\u6625\u306e\u5c71"));
        assertTrue(Messages.harmless("x".repeat(5_000)).length() < 400);
    }
}
