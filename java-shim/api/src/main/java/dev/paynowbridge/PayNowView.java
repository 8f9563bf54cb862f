package dev.paynowbridge;

/** A client or service with other settings for its calls. */
final class PayNowView extends PayNowOperations {
    private final PayNowOperations root;

    PayNowView(PayNowOperations root, Calls calls) {
        super(calls);
        this.root = root;
    }

    @Override
    PayNowClient client() {
        return root.client();
    }

    @Override
    String unavailable() {
        return root.unavailable();
    }

    @Override
    PayNowOperations root() {
        return root;
    }
}
