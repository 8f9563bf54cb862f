/*
 * Asks through libcurl's multi interface over HTTP/1.1 (argument "1") or HTTP/2 ("2"): one thread in curl_multi_perform and curl_multi_poll, any
 * number of connections, all kept. Over HTTP/2 questions wait for a connection that is being made, to share it (CURLOPT_PIPEWAIT).
 */
#define _GNU_SOURCE
#include "peer.h"

#include <curl/curl.h>

static CURLM *multi;
static CURL *handles[DISTANCE_MOST];
static unsigned handle_count;
static struct curl_slist *headers;
static bool multiplexes;
static unsigned asked;

static void check(CURLcode code, const char *what) {
  if (code != CURLE_OK) bench_fail(what, curl_easy_strerror(code));
}

static void check_multi(CURLMcode code, const char *what) {
  if (code != CURLM_OK) bench_fail(what, curl_multi_strerror(code));
}

static size_t receive(char *data, size_t size, size_t count, void *user) {
  (void)data, (void)user;
  return size * count;
}

static void create(void) {
  char authorization[512];
  check(curl_global_init(CURL_GLOBAL_DEFAULT), "curl_global_init");
  multi = curl_multi_init();
  if (multi == NULL) bench_fail("curl_multi_init", "failed");
  check_multi(curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)DISTANCE_MOST), "CURLMOPT_MAXCONNECTS");
  snprintf(authorization, sizeof authorization, "Authorization: APIKey %s", bench_env("PAYNOW_API_KEY"));
  headers = curl_slist_append(NULL, authorization);
  headers = curl_slist_append(headers, "Accept: application/json");
}

static CURL *new_handle(void) {
  CURL *easy = curl_easy_init();
  if (easy == NULL) bench_fail("curl_easy_init", "failed");
  check(curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers), "CURLOPT_HTTPHEADER");
  check(curl_easy_setopt(easy, CURLOPT_USERAGENT, "bench-curl/1"), "CURLOPT_USERAGENT");
  check(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive), "CURLOPT_WRITEFUNCTION");
  check(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L), "CURLOPT_NOSIGNAL");
  check(curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 10000L), "CURLOPT_TIMEOUT_MS");
  check(curl_easy_setopt(easy, CURLOPT_PROXY, ""), "CURLOPT_PROXY");
  check(curl_easy_setopt(easy, CURLOPT_CAINFO, bench_env("BENCH_CA_BUNDLE")), "CURLOPT_CAINFO");
  /* With a folder of authorities as well, which Debian has by default, libcurl reads all of them again for every connection. */
  check(curl_easy_setopt(easy, CURLOPT_CAPATH, NULL), "CURLOPT_CAPATH");
  check(curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, multiplexes ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1),
        "CURLOPT_HTTP_VERSION");
  check(curl_easy_setopt(easy, CURLOPT_PIPEWAIT, multiplexes ? 1L : 0L), "CURLOPT_PIPEWAIT");
  return easy;
}

static void ask(unsigned count) {
  while (handle_count < count) handles[handle_count++] = new_handle();
  for (unsigned i = 0; i < count; i++) {
    char uuid[BENCH_UUID_SIZE];
    char url[256];
    bench_uuid(asked++, uuid);
    snprintf(url, sizeof url, "%s/v1/stores/%s/customers/lookup?minecraft_uuid=%s", bench_env("PAYNOW_API_BASE"), bench_env("PAYNOW_STORE_ID"), uuid);
    check(curl_easy_setopt(handles[i], CURLOPT_URL, url), "CURLOPT_URL");
    check_multi(curl_multi_add_handle(multi, handles[i]), "curl_multi_add_handle");
  }
}

static void collect(struct distance_answers *answers) {
  int running = 0;
  int left = 0;
  unsigned ended = 0;
  check_multi(curl_multi_perform(multi, &running), "curl_multi_perform");
  for (CURLMsg *message; (message = curl_multi_info_read(multi, &left)) != NULL; ended++) {
    CURL *easy = message->easy_handle;
    long status = 0;
    check(curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status), "CURLINFO_RESPONSE_CODE");
    distance_note(answers, message->data.result == CURLE_OK && status == 200);
    check_multi(curl_multi_remove_handle(multi, easy), "curl_multi_remove_handle");
  }
  if (ended == 0) check_multi(curl_multi_poll(multi, NULL, 0, 1000, NULL), "curl_multi_poll");
}

/* Without a transfer there is nothing to perform. */
static void tick(void) {}

static void destroy(void) {
  for (unsigned i = 0; i < handle_count; i++) curl_easy_cleanup(handles[i]);
  curl_multi_cleanup(multi);
  curl_slist_free_all(headers);
  curl_global_cleanup();
}

int main(int argc, char **argv) {
  const struct distance_peer peer = {create, ask, collect, tick, destroy};
  multiplexes = argc > 1 && strcmp(argv[1], "2") == 0;
  return distance_serve(&peer);
}
