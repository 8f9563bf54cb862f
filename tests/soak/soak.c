// Mixed load with faults for SOAK_MINUTES: everything accepted completes once, and memory, threads and descriptors stay flat.
#include "../c/harness.h"

#include <dirent.h>

enum { MOST_SAMPLES = 1 << 16, MOST_OUTSTANDING = 2000 };

static uint64_t seed = 0x9e3779b97f4a7c15u;

static uint32_t dice(uint32_t sides) {
  seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
  return (uint32_t)((seed >> 16) % sides);
}

static uint64_t accepted, completed, outstanding, freed;
static uint64_t by_status[64];

static void done(paynow_client client, paynow_completion completion, void *user_data) {
  (void)client, (void)user_data;
  const paynow_completion_info info = info_of(completion);
  completed++, outstanding--;
  by_status[info.status >= 0 && info.status < 64 ? info.status : 63]++;
}

static void forget(void *user_data) {
  (void)user_data;
  freed++;
}

static const char *const faults[] = {
    "{}",
    "{}",
    "{}",
    "{\"latency_ms\":20,\"jitter_ms\":20}",
    "{\"rules\":[{\"probability\":0.3,\"respond\":{\"status\":503,\"body\":\"{}\"}}]}",
    "{\"rules\":[{\"probability\":0.3,\"reset\":true}]}",
    "{\"rules\":[{\"probability\":0.3,\"reset_mid_body\":true}]}",
    "{\"rules\":[{\"probability\":0.3,\"close_after\":true}]}",
    "{\"rules\":[{\"probability\":0.2,\"respond\":{\"status\":429,\"headers\":{\"retry-after\":\"1\"},\"body\":\"{}\"}}]}",
    "{\"rules\":[{\"probability\":0.2,\"respond\":{\"status\":200,\"body\":\"<html>\"}}]}",
    "{\"hang\":true}",
};

static void submit_one(paynow_client client) {
  static uint64_t number;
  char text[64];
  paynow_call call = INIT(paynow_call);
  call.on_completion = done;
  call.user_data = &accepted;
  call.user_data_free = forget;
  call.tag = dice(8);
  call.deadline_ms = dice(10) == 0 ? 20 : 2000;
  call.priority = dice(4) == 0 ? PAYNOW_PRIORITY_BACKGROUND : PAYNOW_PRIORITY_INTERACTIVE;
  paynow_request_id request = 0;
  paynow_status status;
  snprintf(text, sizeof text, "soak %" PRIu64, ++number % 5000);
  switch (dice(8)) {
    case 0: {
      paynow_customer_fields fields = INIT(paynow_customer_fields);
      fields.name = text;
      // A store that only grows would be measured instead of the library: one in so many is enough.
      status = dice(50) == 0 ? paynow_create_customer(client, &fields, &call, &request)
                             : paynow_update_customer(client, MIRA, 0, &fields, &call, &request);
      break;
    }
    case 1:
      status = paynow_get_customer(client, NOTCH, 0, &call, &request);
      break;
    case 2:
      status = paynow_create_customer_token(client, NOTCH, 0, &call, &request);
      break;
    case 3:
      status = paynow_list_customers(client, NULL, &call, &request);
      break;
    case 4: {
      paynow_giftcard_query query = INIT(paynow_giftcard_query);
      query.customer_token = "pnct_unknown", query.code = text;
      status = paynow_lookup_giftcard(client, &query, &call, &request);
      break;
    }
    case 5: {
      paynow_player player = INIT(paynow_player);
      player.minecraft_uuid = "069a79f4-44e9-4726-a5be-fca90e38aaf5";
      status = paynow_token_for(client, &player, &call, &request);
      break;
    }
    default: {
      paynow_lookup_query query = INIT(paynow_lookup_query);
      query.name = text;
      status = paynow_lookup_customer(client, &query, &call, &request);
    }
  }
  if (status != PAYNOW_OK) {
    CHECK_INT(status, PAYNOW_E_QUEUE_FULL);
    return;
  }
  accepted++, outstanding++;
  if (dice(20) == 0) (void)paynow_client_cancel(client, request);
}

// --- what must stay flat ---

struct samples {
  const char *what;
  int64_t values[MOST_SAMPLES];
};
static struct samples memory = {"resident KiB", {0}}, threads = {"threads", {0}}, descriptors = {"descriptors", {0}};
static size_t sample_count;

static int64_t status_number(const char *field) {
  char line[256];
  int64_t value = -1;
  FILE *file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file)) {
    if (strncmp(line, field, strlen(field)) == 0) value = strtoll(line + strlen(field) + 1, NULL, 10);
  }
  if (file) fclose(file);
  return value;
}

static int64_t open_descriptors(void) {
  int64_t count = 0;
  DIR *directory = opendir("/proc/self/fd");
  while (directory && readdir(directory)) count++;
  if (directory) closedir(directory);
  return count;
}

static void sample(void) {
  if (sample_count == MOST_SAMPLES) return;
  memory.values[sample_count] = status_number("VmRSS");
  threads.values[sample_count] = status_number("Threads");
  descriptors.values[sample_count] = open_descriptors();
  sample_count++;
}

static int ascending(const void *left, const void *right) {
  const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
  return (a > b) - (a < b);
}

static int64_t median(const int64_t *values, size_t count) {
  static int64_t sorted[MOST_SAMPLES];
  memcpy(sorted, values, count * sizeof *values);
  qsort(sorted, count, sizeof *sorted, ascending);
  return sorted[count / 2];
}

// The median of the last quarter is no more than `slack` above that of the second.
static void check_flat(const struct samples *of, int64_t slack) {
  const size_t quarter = sample_count / 4;
  const int64_t early = median(of->values + quarter, quarter), late = median(of->values + 3 * quarter, quarter);
  printf("  %s: %" PRId64 " in the second quarter, %" PRId64 " in the last\n", of->what, early, late);
  if (late > early + slack) FAIL("%s grew from %" PRId64 " to %" PRId64, of->what, early, late);
}

TEST(everything_stays_flat) {
  const char *minutes = getenv("SOAK_MINUTES");
  // It takes as long as it is told to; every wait within it is bounded.
  alarm(0);
  const int64_t end = now_ms() + (int64_t)((minutes ? strtod(minutes, NULL) : 30) * 60000);
  paynow_client_config config = sandbox_config();
  config.retry_base_ms = 20;
  config.cache_ttl_ms = 500;
  config.cache_negative_ttl_ms = 500;
  // Full early, so that its filling up is not taken for a leak.
  config.cache_bytes = 1 << 20;
  const paynow_client client = client_with(&config);
  int64_t next_fault = 0, next_sample = 0, next_guest = 0;
  while (now_ms() < end && !harness_failed()) {
    const int64_t now = now_ms();
    if (now >= next_fault) {
      sandbox_faults(faults[dice(sizeof faults / sizeof *faults)]);
      next_fault = now + 2000;
    }
    if (now >= next_sample) {
      sample();
      next_sample = now + 500;
    }
    if (now >= next_guest) {
      // A plugin that is loaded and unloaded with requests under way.
      const paynow_client guest = client_with(&config);
      for (int i = 0; i < 50; i++) submit_one(guest);
      destroy(guest);
      next_guest = now + 5000;
    }
    for (uint32_t i = dice(20); i > 0 && outstanding < MOST_OUTSTANDING; i--) submit_one(client);
    if (dice(200) == 0) CHECK_OK(paynow_client_cancel_all(client, dice(8), NULL));
    CHECK_OK(paynow_client_poll(client, 0, 500, NULL));
    usleep(5000);
  }
  destroy(client);
  sandbox_recovers();
  CHECK_INT(outstanding, 0);
  CHECK_INT(completed, accepted);
  CHECK_INT(freed, accepted);
  printf("  %" PRIu64 " requests, each completed once; by status:", accepted);
  for (size_t status = 0; status < sizeof by_status / sizeof *by_status; status++) {
    if (by_status[status]) printf(" %zu: %" PRIu64, status, by_status[status]);
  }
  printf("\n");
  // Threads and connections follow the load; a leak of one a cycle would be far beyond this.
  check_flat(&memory, 4096);
  check_flat(&threads, 32);
  check_flat(&descriptors, 32);
}
