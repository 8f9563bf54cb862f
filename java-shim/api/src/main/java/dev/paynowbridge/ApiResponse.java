package dev.paynowbridge;

/** What any operation of the API was answered with. */
public final class ApiResponse {
    private final int httpStatus;
    private final String json;

    ApiResponse(int httpStatus, String json) {
        this.httpStatus = httpStatus;
        this.json = json;
    }

    /**
     * The HTTP status: 200 to 299.
     *
     * @return the status
     */
    public int httpStatus() {
        return httpStatus;
    }

    /**
     * The body as it came. It may hold a token: keep it out of logs.
     *
     * @return a JSON document; empty when the answer had none
     */
    public String json() {
        return json;
    }

    /** Leaves the body out. */
    @Override
    public String toString() {
        return "ApiResponse[httpStatus=" + httpStatus + ", " + json.length() + " characters]";
    }
}
