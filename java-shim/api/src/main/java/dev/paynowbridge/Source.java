package dev.paynowbridge;

/** Where an answer comes from. */
public enum Source {
    /** The API, asked for this request. */
    NETWORK,
    /** The API, asked for another request that wanted to know the same. */
    SHARED,
    /** The client's memory. */
    CACHE,
    /** The client's memory, because the API could not be asked: it may have changed meanwhile. */
    STALE_CACHE,
    /** Another server of the network, which asked the API lately. */
    OTHER_SERVER
}
