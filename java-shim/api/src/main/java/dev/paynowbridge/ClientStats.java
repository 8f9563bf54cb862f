package dev.paynowbridge;

/**
 * What a client has done so far, and what it is doing. A snapshot: the numbers are read one after another.
 *
 * @param workers worker threads alive
 * @param workersBusy worker threads that work on a request
 * @param outstanding requests accepted whose completion was not taken yet
 * @param submitted requests accepted
 * @param rejectedFull requests refused because the queue was full
 * @param completedOk requests that ended with an answer, "no such customer" included
 * @param completedError requests that failed in any other way than the following two
 * @param timedOut requests that were not answered by their deadline
 * @param cancelled requests the host cancelled
 * @param delivered completions taken
 * @param logDropped log lines lost because they were not taken in time
 * @param heldBytes bytes of answers that are not freed yet
 * @param connectionsOpened connections opened
 * @param retries attempts that were repetitions
 * @param retriesDenied repetitions left out because too much of the traffic was repetitions
 * @param rateLimited answers 429
 * @param cacheHits requests answered from memory
 * @param cacheStale requests answered from memory because the API could not be asked
 * @param coalesced requests that got the answer to another request's question
 * @param unavailable requests that failed at once because the API had not answered for a while
 * @param circuitOpen whether requests fail at once at present
 * @param cacheEntries answers remembered
 * @param cacheBytes bytes of answers remembered
 * @param handshakes TLS handshakes done: one for each connection opened with https, none without
 * @param warmConnections connections open and idle: a request that comes now opens none
 * @param networkUp whether the network of servers answers at present; false where none is set up
 * @param networkServers servers seen in the network lately, this one included
 * @param networkRoundTripUs what an answer of the network takes at present, in microseconds
 * @param networkConnections connections made to the network
 * @param networkCommands commands sent to the network
 * @param networkHits questions another server had the answer to
 * @param networkWaits how often a question waited because another server asked it
 * @param networkRefused requests the network's budget refused
 * @param networkAlone how often the network did not answer, so that the local rules held
 */
public record ClientStats(
        long workers,
        long workersBusy,
        long outstanding,
        long submitted,
        long rejectedFull,
        long completedOk,
        long completedError,
        long timedOut,
        long cancelled,
        long delivered,
        long logDropped,
        long heldBytes,
        long connectionsOpened,
        long retries,
        long retriesDenied,
        long rateLimited,
        long cacheHits,
        long cacheStale,
        long coalesced,
        long unavailable,
        boolean circuitOpen,
        long cacheEntries,
        long cacheBytes,
        long handshakes,
        long warmConnections,
        boolean networkUp,
        long networkServers,
        long networkRoundTripUs,
        long networkConnections,
        long networkCommands,
        long networkHits,
        long networkWaits,
        long networkRefused,
        long networkAlone) {
    static ClientStats of(long[] n) {
        return new ClientStats(
                n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11], n[12], n[13], n[14], n[15],
                n[16], n[17], n[18], n[19], n[20] != 0, n[21], n[22], n[23], n[24],
                n[25] != 0, n[26], n[27], n[28], n[29], n[30], n[31], n[32], n[33]);
    }
}
