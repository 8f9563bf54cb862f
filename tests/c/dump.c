// How the last requests went, as text in memory of the host's.
#include "one_client.h"

static char text[1024 * 1024];

static void read_dump(void) {
  size_t length = 0;
  CHECK_OK(paynow_client_dump(client, text, sizeof text, &length));
  CHECK_INT(strlen(text), length);
}

static int lines(void) {
  int count = 0;
  for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) count++;
  return count;
}

static bool is_collected(void *unused) {
  (void)unused;
  uint32_t delivered;
  CHECK_OK(paynow_client_poll(client, 0, 0, &delivered));
  read_dump();
  return strstr(text, "\"collected_us\":") != NULL;
}

TEST(each_request_is_a_line_and_nothing_that_is_secret_is_in_it) {
  begin_remembering();
  read_dump();
  CHECK_INT(lines(), 1);
  CHECK_HAS(text, "{\"paynow_dump\":1,");
  CHECK_HAS(text, "\"settings\":{\"store_id\":");
  CHECK_STATUS(look_up("Notch").status, PAYNOW_OK);
  CHECK_OK(paynow_completion_free(completion));
  CHECK_STATUS(look_up("Notch").source, PAYNOW_SOURCE_CACHE);
  CHECK_OK(paynow_completion_free(completion));
  read_dump();
  CHECK_INT(lines(), 3);
  CHECK_HAS(text, "{\"n\":1,\"operation\":\"lookup_customer\",\"priority\":\"interactive\",\"question\":\"");
  CHECK_HAS(text, "\"way\":\"asked\",\"tried\":1,\"attempts\":[{\"operation\":\"lookup_customer\",\"began_us\":");
  CHECK_HAS(text, "\"way\":\"at_once\",\"end\":\"library\",\"status\":\"ok\",\"source\":\"cache\",");
  CHECK_HAS_NOT(text, sandbox_key);
  CHECK_HAS_NOT(text, "Notch");
  CHECK_HAS_NOT(text, NOTCH);
  CHECK(eventually(is_collected, NULL));
  destroy(client);
}

TEST(without_a_recorder_it_is_one_line) {
  paynow_client_config config = sandbox_config();
  config.flight_recorder = PAYNOW_OFF;
  client = client_with(&config);
  CHECK_STATUS(look_up("Notch").status, PAYNOW_OK);
  CHECK_OK(paynow_completion_free(completion));
  read_dump();
  CHECK_INT(lines(), 1);
  CHECK_HAS(text, "\"flight_recorder\":false");
  destroy(client);
}
