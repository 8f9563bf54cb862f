package dev.paynowbridge;

import java.util.concurrent.Executor;

/** A client with other settings for its calls. */
final class PayNowView extends PayNowOperations {
    private final PayNowClient client;

    PayNowView(PayNowClient client, Executor executor, int deadlineMs, boolean background, long tag) {
        super(client.engine(), executor, deadlineMs, background, tag);
        this.client = client;
    }

    @Override
    PayNowClient client() {
        return client;
    }
}
