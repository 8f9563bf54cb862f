package dev.paynowbridge;

import org.jspecify.annotations.Nullable;

/** Any operation of the API. Sent with the client's API key unless told otherwise. */
public final class ApiRequest {
    private static final int NO_AUTH = 0;
    private static final int API_KEY = 1;
    private static final int CUSTOMER = 2;

    final String method;
    final String path;
    final @Nullable String json;
    final int auth;
    final @Nullable CustomerToken token;

    private ApiRequest(String method, String path, @Nullable String json, int auth, @Nullable CustomerToken token) {
        this.method = method;
        this.path = path;
        this.json = json;
        this.auth = auth;
        this.token = token;
    }

    /**
     * A request.
     *
     * @param method {@code GET}, {@code POST}, {@code PUT}, {@code PATCH} or {@code DELETE}
     * @param path path and query, percent-encoded; <code>{store_id}</code> is replaced by the client's;
     *             segments <code>.</code> and <code>..</code> are refused, also percent-encoded
     * @param json a JSON document to send, or null
     * @return the request
     */
    public static ApiRequest of(String method, String path, @Nullable String json) {
        return new ApiRequest(method, path, json, API_KEY, null);
    }

    /**
     * A {@code GET}.
     *
     * @param path path and query, percent-encoded; <code>{store_id}</code> is replaced by the client's;
     *             segments <code>.</code> and <code>..</code> are refused, also percent-encoded
     * @return the request
     */
    public static ApiRequest get(String path) {
        return of("GET", path, null);
    }

    /**
     * A {@code POST}.
     *
     * @param path path and query, percent-encoded; <code>{store_id}</code> is replaced by the client's;
     *             segments <code>.</code> and <code>..</code> are refused, also percent-encoded
     * @param json a JSON document to send, or null
     * @return the request
     */
    public static ApiRequest post(String path, @Nullable String json) {
        return of("POST", path, json);
    }

    /**
     * The same without any credential.
     *
     * @return another request
     */
    public ApiRequest withoutAuthorization() {
        return new ApiRequest(method, path, json, NO_AUTH, null);
    }

    /**
     * The same on behalf of a customer.
     *
     * @param token the customer's token
     * @return another request
     */
    public ApiRequest as(CustomerToken token) {
        return new ApiRequest(method, path, json, CUSTOMER, token);
    }

    /** Leaves the body out. */
    @Override
    public String toString() {
        return "ApiRequest[" + method + " " + path + "]";
    }
}
