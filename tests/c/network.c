// Clients that are the servers of one network, and what its configuration may not hold.
#include "one_client.h"

#include <sys/stat.h>

#define PASSWORD "pnpw_never_to_be_seen"

static paynow_network network;
static uint32_t lost_lines;

static void on_log(int32_t level, const char *message, size_t length, void *user_data) {
  CHECK(user_data == &lost_lines);
  keep_said(message, length);
  CHECK_HAS_NOT(message, PASSWORD);
  if (level == PAYNOW_LOG_WARN && strncmp(message, "the network of servers does not answer: ", 40) == 0) lost_lines++;
}

static paynow_client_config joined(const char *addresses) {
  network = INIT(paynow_network);
  network.addresses = addresses;
  network.password = PASSWORD;
  paynow_client_config config = sandbox_config();
  config.network = &network;
  config.on_log = on_log;
  config.log_user_data = &lost_lines;
  lost_lines = 0;
  return config;
}

// The members begin as joined() fills them in.
#define REFUSED(change, member)                                                         \
  do {                                                                                  \
    paynow_client made = 77;                                                            \
    paynow_client_config config = joined("redis.example");                              \
    change;                                                                             \
    CHECK_STATUS(paynow_client_create(&config, &made), PAYNOW_E_INVALID_ARGUMENT);      \
    CHECK_INT(made, 77);                                                                \
    CHECK(strncmp(paynow_last_error(), member " ", sizeof member) == 0);                \
    CHECK_HAS(paynow_last_error(), member);                                             \
    CHECK_HAS_NOT(paynow_last_error(), "pnpw_");                                        \
  } while (0)

TEST(members_that_cannot_be_used_are_named) {
  char long_text[5000], many[1000] = "a";
  memset(long_text, 'a', sizeof long_text);
  while (strlen(many) < 2 * 64) strcat(many, ",a");
  static const char *const addresses[] = {NULL, "", " ", ",", "a,", "redis://" PASSWORD "@a", "a:0", "a:65536", "a:b", "a b", "::1",
                                          "[::1", "\xff"};
  for (size_t index = 0; index < sizeof addresses / sizeof *addresses; index++) {
    REFUSED(network.addresses = addresses[index], "network.addresses");
  }
  REFUSED(network.addresses = many, "network.addresses");
  // The text that a length cuts off is not read.
  REFUSED((network.addresses = "a:65536", network.addresses_n = 6, network.timeout_ms = 10001), "network.timeout_ms");
  static const char *const users[] = {"two words", "line\nbreak", "\xff"};
  for (size_t index = 0; index < sizeof users / sizeof *users; index++) REFUSED(network.user = users[index], "network.user");
  static const char *const passwords[] = {"", "\n", "line\nbreak", "\xff"};
  for (size_t index = 0; index < sizeof passwords / sizeof *passwords; index++) {
    REFUSED(network.password = passwords[index], "network.password");
  }
  REFUSED((network.password = long_text, network.password_n = 4097), "network.password");
  REFUSED(network.password_env = "HOME", "network.password");
  REFUSED(network.password_file = "/etc/hostname", "network.password");
  unsetenv("NETWORK_TEST_PASSWORD");
  REFUSED((network.password = NULL, network.password_env = "NETWORK_TEST_PASSWORD"), "network.password_env");
  setenv("NETWORK_TEST_PASSWORD", PASSWORD "\nand more", 1);
  REFUSED((network.password = NULL, network.password_env = "NETWORK_TEST_PASSWORD"), "network.password_env");
  unsetenv("NETWORK_TEST_PASSWORD");
  REFUSED((network.password = NULL, network.password_file = "/nonexistent/password"), "network.password_file");
  REFUSED(network.ca_file = "/nonexistent/ca.pem", "network.ca_file");
  REFUSED(network.server_name = "two words", "network.server_name");
  REFUSED(network.sentinel_name = "line\nbreak", "network.sentinel_name");
  REFUSED((network.sentinel_name = long_text, network.sentinel_name_n = 257), "network.sentinel_name");
  REFUSED(network.network_id = "a/b", "network.network_id");
  REFUSED((network.network_id = long_text, network.network_id_n = 65), "network.network_id");
  REFUSED(network.timeout_ms = 10001, "network.timeout_ms");
  REFUSED(network.timeout_ms = UINT32_MAX, "network.timeout_ms");
  // Without a key nothing says what servers belong together.
  REFUSED(config.api_key = NULL, "network");
  REFUSED(network.struct_size = 0, "network");
  REFUSED(network.struct_size--, "network");
  REFUSED(network.struct_size = UINT32_MAX, "network");
}

TEST(a_file_that_others_can_read_holds_no_password) {
  char path[512];
  const char *directory = getenv("TMPDIR");
  snprintf(path, sizeof path, "%s/paynow-password-XXXXXX", directory ? directory : P_tmpdir);
  int fd = mkstemp(path);
  REQUIRE(fd >= 0);
  CHECK_INT(write(fd, PASSWORD "\n", sizeof PASSWORD), sizeof PASSWORD);
  static const mode_t open_to_others[] = {0644, 0640, 0604, 0660};
  for (size_t index = 0; index < sizeof open_to_others / sizeof *open_to_others; index++) {
    CHECK_INT(fchmod(fd, open_to_others[index]), 0);
    REFUSED((network.password = NULL, network.password_file = path), "network.password_file");
    CHECK_HAS(paynow_last_error(), "chmod 600");
  }
  CHECK_INT(fchmod(fd, 0600), 0);
  paynow_client_config config = joined("127.0.0.1:1");
  network.password = NULL;
  network.password_file = path;
  destroy(client_with(&config));
  close(fd);
  unlink(path);
}

static bool is_said_to_be_lost(void *context) {
  (void)context;
  CHECK_OK(paynow_client_poll(client, 0, 0, NULL));
  return lost_lines > 0;
}

TEST(one_that_cannot_be_reached_fails_no_request) {
  char address[64];
  unused_address(address, sizeof address);
  paynow_client_config config = joined(address + strlen("http://"));
  client = client_with(&config);
  paynow_completion_info info = look_up("Notch");
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.source, PAYNOW_SOURCE_NETWORK);
  CHECK_STR(customer_at(0).id, NOTCH);
  CHECK_INT(sandbox_count("requests"), 1);
  CHECK(eventually(is_said_to_be_lost, NULL));
  // It is lost until it is back, and that is said once.
  for (uint64_t number = 0; number < 20; number++) {
    CHECK_OK(get_stranger(client, number, NULL, NULL));
    CHECK_STATUS(answer().status, PAYNOW_OK);
  }
  CHECK_OK(paynow_client_poll(client, 0, 0, NULL));
  CHECK_INT(lost_lines, 1);
  paynow_stats stats = stats_of(client);
  CHECK_INT(stats.network_up, 0);
  CHECK_INT(stats.network_connections, 0);
  CHECK_INT(stats.network_hits, 0);
  CHECK(stats.network_alone > 0);
  CHECK_INT(sandbox_count("requests"), 21);
  destroy(client);
}

static bool is_up(void *joining) { return stats_of(*(paynow_client *)joining).network_up == 1; }

TEST(what_one_client_knows_another_does_not_ask) {
  const char *address = getenv("TEST_REDIS");
  if (!address || !*address) {
    harness_skip("redis-server is not installed");
    return;
  }
  char id[64];
  snprintf(id, sizeof id, "c-%d-%" PRId64, getpid(), now_ms());
  paynow_client_config config = joined(address);
  network.password = getenv("TEST_REDIS_PASSWORD");
  network.network_id = id;
  // What is tested is what it says, not how fast a busy machine is.
  network.timeout_ms = 10000;
  config.cache_ttl_ms = 3600000;
  paynow_client first = client_with(&config);
  paynow_client second = client_with(&config);
  CHECK(eventually(is_up, &first));
  CHECK(eventually(is_up, &second));
  client = first;
  paynow_completion_info info = look_up("Notch");
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.source, PAYNOW_SOURCE_NETWORK);
  client = second;
  info = look_up("Notch");
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.source, PAYNOW_SOURCE_OTHER_SERVER);
  CHECK_STR(customer_at(0).id, NOTCH);
  CHECK_INT(look_up("Notch").source, PAYNOW_SOURCE_CACHE);
  CHECK_INT(sandbox_count("requests"), 1);
  paynow_stats stats = stats_of(second);
  CHECK_INT(stats.network_hits, 1);
  CHECK_INT(stats.network_alone, 0);
  CHECK(stats.network_connections >= 1);
  CHECK(stats.network_servers >= 1);
  CHECK(stats.network_commands > 0);
  destroy(first);
  destroy(second);
  CHECK_INT(lost_lines, 0);
}
