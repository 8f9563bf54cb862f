package dev.paynowbridge;

/**
 * Loads the classes that are needed only when answers come or calls fail. A server's owner may replace the jar while it is in
 * use; a class that was not loaded by then cannot be loaded any more.
 */
final class Late {
    private static final Class<?>[] CLASSES = {
        ApiRequest.class, ApiResponse.class, Authentication.class, AuthenticationPlatform.class, BulkChunk.class,
        BulkCreation.class, BulkOutcome.class, BulkPiece.class, BulkReport.class, CallDetails.class, CallMark.class,
        ClientStats.class, Completion.class, Customer.class, CustomerFields.class, CustomerPages.class,
        CustomerQuery.class, CustomerToken.class, Engine.class, GiftCard.class, GuardedFuture.class,
        HandlerFailures.class, HostLog.class, HostThreads.class, LogLevel.class, LookupKey.class,
        MinecraftPlatform.class, Moment.class, NetworkConfig.class, Operation.class, PayNowException.class, PayNowFuture.class,
        PayNowOperations.class, PayNowProvider.class, PayNowService.class, Peeks.class, Player.class,
        PlayerToken.class, Profile.class, Reader.class, Remembered.class, Sent.class, Source.class, Status.class, Tags.class, TickExecutor.class,
        ValidationError.class
    };

    private Late() {}

    static void load() {
        for (Class<?> type : CLASSES) {
            load(type);
        }
    }

    private static void load(Class<?> type) {
        try {
            Class.forName(type.getName(), true, type.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("the jar is damaged", e);
        }
        for (Class<?> inside : type.getDeclaredClasses()) {
            load(inside);
        }
        // What the compiler makes of a switch over an enum has no name of its own.
        try {
            for (int number = 1; ; number++) {
                Class.forName(type.getName() + '$' + number, true, type.getClassLoader());
            }
        } catch (ClassNotFoundException last) {
            // There are no more.
        }
    }
}
