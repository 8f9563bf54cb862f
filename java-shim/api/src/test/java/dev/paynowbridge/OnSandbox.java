package dev.paynowbridge;

import dev.paynowbridge.sandbox.Sandbox;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/** A sandbox, for each test as it was at the start. */
abstract class OnSandbox {
    static Sandbox sandbox;

    @BeforeAll
    static void startSandbox() {
        sandbox = new Sandbox();
    }

    @AfterAll
    static void stopSandbox() {
        sandbox.close();
    }

    @BeforeEach
    void resetSandbox() {
        sandbox.reset();
    }

    /** A client of the sandbox. */
    static PayNowClient.Builder builder() {
        return keyless().apiKey(Sandbox.KEY);
    }

    /** A client of the sandbox that has no API key. */
    static PayNowClient.Builder keyless() {
        return PayNowClient.builder(Sandbox.STORE).apiBase(sandbox.base()).proxy("");
    }
}
