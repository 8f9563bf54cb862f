package dev.paynowbridge.common;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

/** A name server that never answers keeps no thread waiting. */
class ServerClockTest {
    private static final URI BASE = URI.create("http://paynow.test");

    @Test
    void closingDoesNotWaitForAName() throws InterruptedException {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch answered = new CountDownLatch(1);
        ServerClock clock = new ServerClock(Clock.systemUTC(), name -> {
            asked.countDown();
            try {
                answered.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            throw new IOException("no such name");
        });
        CompletableFuture<Duration> pending = clock.compare(BASE);
        asked.await();
        Throwable second = assertThrows(ExecutionException.class, clock.compare(BASE)::get).getCause();
        assertEquals("the last comparison still waits for an answer", second.getMessage());
        Thread closing = new Thread(clock::close);
        closing.start();
        while (closing.isAlive()) {
            assertNotEquals(Thread.State.TIMED_WAITING, closing.getState());
            assertNotEquals(Thread.State.WAITING, closing.getState());
        }
        answered.countDown();
        assertTrue(assertThrows(ExecutionException.class, pending::get).getCause() instanceof IOException);
    }
}
