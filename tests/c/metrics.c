// Metrics as text, in memory of the host's.
#include "one_client.h"

static char text[256 * 1024];

static void read_metrics(void) {
  size_t length = 0;
  CHECK_OK(paynow_client_metrics(client, text, sizeof text, &length));
  CHECK_INT(strlen(text), length);
}

TEST(what_a_client_does_is_in_them) {
  begin_remembering();
  read_metrics();
  CHECK_HAS(text, "\npaynow_requests_submitted_total 0\n");
  CHECK_HAS_NOT(text, "paynow_answer_seconds_bucket");
  CHECK_HAS_NOT(text, "\npaynow_rate_limit_per_second ");
  CHECK_STATUS(look_up("Notch").status, PAYNOW_OK);
  CHECK_OK(paynow_completion_free(completion));
  CHECK_STATUS(look_up("Notch").source, PAYNOW_SOURCE_CACHE);
  CHECK_OK(paynow_completion_free(completion));
  read_metrics();
  CHECK_HAS(text, "\npaynow_requests_submitted_total 2\n");
  CHECK_HAS(text, "\npaynow_cache_hits_total 1\n");
  CHECK_HAS(text, "\npaynow_cache_entries 1\n");
  const char *answers[] = {"answer", "queue"};
  for (int index = 0; index < 2; index++) {
    char line[200];
    snprintf(line, sizeof line, "\npaynow_%s_seconds_count{operation=\"lookup_customer\",outcome=\"ok\"} 2\n", answers[index]);
    CHECK_HAS(text, line);
    snprintf(
      line, sizeof line, "\npaynow_%s_seconds_bucket{operation=\"lookup_customer\",outcome=\"ok\",le=\"+Inf\"} 2\n", answers[index]);
    CHECK_HAS(text, line);
  }
  CHECK_HAS_NOT(text, sandbox_key);
  destroy(client);
}

TEST(how_a_request_ended_is_a_label) {
  paynow_client_config config = sandbox_config();
  config.api_key = "pnapi_wrong";
  config.rate_per_second = 50;
  client = client_with(&config);
  CHECK_OK(paynow_create_customer_token(client, NOTCH, 0, NULL, NULL));
  CHECK_STATUS(answer().status, PAYNOW_E_UNAUTHORIZED);
  CHECK_OK(paynow_completion_free(completion));
  read_metrics();
  CHECK_HAS(text, "\npaynow_answer_seconds_count{operation=\"create_customer_token\",outcome=\"unauthorized\"} 1\n");
  CHECK_HAS(text, "\npaynow_rate_limit_per_second 50\n");
  destroy(client);
}

TEST(text_that_does_not_fit_is_cut_off_and_its_length_told) {
  client = new_client();
  read_metrics();
  size_t all = strlen(text), length = 0;
  CHECK(strcmp(text + all - 7, "\n# EOF\n") == 0);
  char *whole = strdup(text);
  for (size_t capacity = 0; capacity < all + 3; capacity += capacity < 40 || capacity > all - 40 ? 1 : 97) {
    memset(text, '?', all + 4);
    // Nothing changes while the client has nothing to do, except for the connection that it opens.
    CHECK_OK(paynow_client_metrics(client, capacity ? text : NULL, capacity, &length));
    CHECK(length >= all && length < all + 10);
    size_t kept = capacity == 0 ? 0 : capacity - 1 < length ? capacity - 1 : length;
    if (capacity > 0) CHECK_INT(strlen(text), kept);
    CHECK(text[capacity] == '?');
    CHECK(strncmp(text, whole, kept < 100 ? kept : 100) == 0);
  }
  free(whole);
  destroy(client);
}
