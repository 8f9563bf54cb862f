package dev.paynowbridge;

import java.time.Duration;

/**
 * What is known of a request that ended, besides what it brought.
 *
 * @param operation what was asked
 * @param status how it ended
 * @param httpStatus the HTTP status; 0 when no answer came
 * @param attempts how often it was sent or begun to be sent
 * @param sent whether it reached the server
 * @param source where the answer comes from
 * @param queued how long it waited for a worker
 * @param network how long a worker was at it
 */
public record CallDetails(
        Operation operation,
        Status status,
        int httpStatus,
        int attempts,
        Sent sent,
        Source source,
        Duration queued,
        Duration network) {}
