package dev.paynowbridge;

/** How a request ended. */
public enum Status {
    /** Answered, also when the answer is that there is no such customer or card. */
    OK(0),
    /** As many requests are outstanding as the client allows. */
    QUEUE_FULL(3),
    /** The client was closed first. */
    CLOSED(4),
    /** The operation needs an API key and the client has none. */
    NO_API_KEY(9),
    /** This machine lacks something: memory for the request or its answer, or a thread. */
    RESOURCES(11),
    /** A fault of this library, contained. */
    INTERNAL(13),
    /** Not answered by its deadline. */
    TIMEOUT(20),
    /** Cancelled by the host. */
    CANCELLED(21),
    /** The name of the API's host could not be resolved. */
    RESOLVE(22),
    /** No connection to the API could be made. */
    CONNECT(23),
    /** The TLS handshake failed: certificate, host name or protocol. */
    TLS(24),
    /** The connection broke before the answer was complete. */
    TRANSPORT(25),
    /** The answer is larger than the client accepts. */
    RESPONSE_TOO_LARGE(26),
    /** The answer is not what the contract says. */
    INVALID_RESPONSE(27),
    /** Not asked: the API has not answered for a while, and is asked again soon. */
    UNAVAILABLE(28),
    /** HTTP 401: the API key or customer token is not valid. */
    UNAUTHORIZED(40),
    /** HTTP 403: the credential does not allow this. */
    FORBIDDEN(41),
    /** HTTP 404 where that does not simply mean "no such customer". */
    NOT_FOUND(42),
    /** HTTP 409: it exists already, or changed meanwhile. */
    CONFLICT(43),
    /** HTTP 429: too many requests. */
    RATE_LIMITED(44),
    /** Any other HTTP 4xx. */
    API(45),
    /** HTTP 5xx. */
    SERVER(46),
    /** The native library could not be loaded. */
    NATIVE_LOAD(-1);

    private static final Status[] BY_NUMBER = new Status[47];

    static {
        for (Status status : values()) {
            if (status.number >= 0) {
                BY_NUMBER[status.number] = status;
            }
        }
    }

    private final int number;

    Status(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }

    static Status of(int number) {
        Status status = number < BY_NUMBER.length ? BY_NUMBER[number] : null;
        return status == null ? INTERNAL : status;
    }
}
