package dev.paynowbridge.common;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Allows each player, and all together, so many wrong guesses in a time. A guess is counted before its answer is known, and
 * given back if it was not wrong, so that guessing many at once gains nothing. Outlives a reload. Any thread.
 */
final class Throttle {
    /** More players than this in one time: the oldest are forgotten, and what holds for all still holds. */
    private static final int MOST_PLAYERS = 10_000;

    private final LongSupplier nanoTime;
    private final Map<UUID, Deque<Guess>> players = new LinkedHashMap<>();
    private final Deque<Guess> all = new ArrayDeque<>();

    private int perPlayer = 1;
    private int allPlayers = 1;
    private long within = 1;

    Throttle(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    synchronized void limits(int perPlayer, int allPlayers, Duration within) {
        this.perPlayer = perPlayer;
        this.allPlayers = allPlayers;
        this.within = within.toNanos();
    }

    /** A counted guess; equal to no other. */
    static final class Guess {
        private final UUID player;
        private final long at;

        private Guess(UUID player, long at) {
            this.player = player;
            this.at = at;
        }
    }

    /** Null when it is one too many. */
    synchronized @Nullable Guess take(UUID player) {
        long now = nanoTime.getAsLong();
        players.values().removeIf(guesses -> forget(guesses, now).isEmpty());
        forget(all, now);
        Deque<Guess> own = players.getOrDefault(player, new ArrayDeque<>());
        if (own.size() >= perPlayer || all.size() >= allPlayers) {
            return null;
        }
        if (players.size() >= MOST_PLAYERS && !players.containsKey(player)) {
            players.remove(players.keySet().iterator().next());
        }
        Guess guess = new Guess(player, now);
        own.addLast(guess);
        all.addLast(guess);
        players.put(player, own);
        return guess;
    }

    synchronized void giveBack(Guess guess) {
        Deque<Guess> own = players.get(guess.player);
        if (own != null) {
            own.remove(guess);
        }
        all.remove(guess);
    }

    private Deque<Guess> forget(Deque<Guess> guesses, long now) {
        while (!guesses.isEmpty() && now - guesses.peekFirst().at >= within) {
            guesses.removeFirst();
        }
        return guesses;
    }
}
