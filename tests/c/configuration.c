// Where the key comes from, and what a configuration may not hold.
#include "one_client.h"

#include <sys/stat.h>

static paynow_status get_status(void) {
  CHECK_OK(get_mira(client, NULL, NULL));
  return answer().status;
}

TEST(a_key_can_be_given_later_and_changed) {
  paynow_client_config config = sandbox_config();
  config.api_key = NULL;
  client = client_with(&config);
  CHECK_STATUS(get_mira(client, NULL, NULL), PAYNOW_E_NO_API_KEY);
  CHECK_OK(paynow_client_set_api_key(client, "pnapi_wrong", 0));
  CHECK_STATUS(get_status(), PAYNOW_E_UNAUTHORIZED);
  CHECK_OK(paynow_client_set_api_key(client, sandbox_key, 0));
  CHECK_STATUS(get_status(), PAYNOW_OK);
  // By length, and with the scheme that was pasted along.
  char pasted[256];
  snprintf(pasted, sizeof pasted, "APIKey %s and more", sandbox_key);
  CHECK_OK(paynow_client_set_api_key(client, pasted, strlen("APIKey ") + strlen(sandbox_key)));
  CHECK_STATUS(get_status(), PAYNOW_OK);
  static const char *const bad[] = {NULL, "", "APIKey ", "two words", "line\nbreak", "\xc3\xa4", "\xff"};
  for (size_t index = 0; index < sizeof bad / sizeof *bad; index++) {
    CHECK_STATUS(paynow_client_set_api_key(client, bad[index], 0), PAYNOW_E_INVALID_ARGUMENT);
    CHECK_HAS(paynow_last_error(), "api_key");
  }
  CHECK_STATUS(get_status(), PAYNOW_OK);
  destroy(client);
  CHECK_STATUS(paynow_client_set_api_key(client, sandbox_key, 0), PAYNOW_E_INVALID_HANDLE);
}

static paynow_status refused(const paynow_client_config *config) {
  paynow_client made = 77;
  paynow_status status = paynow_client_create(config, &made);
  if (status == PAYNOW_OK) {
    destroy(made);
  } else {
    CHECK_INT(made, 77);
    CHECK_HAS_NOT(paynow_last_error(), sandbox_key);
  }
  return status;
}

TEST(a_key_from_the_environment) {
  static const char *const bad[] = {"", " ", "two words"};
  paynow_client_config config = sandbox_config();
  config.api_key = NULL;
  config.api_key_env = "CONFIGURATION_TEST_KEY";
  unsetenv(config.api_key_env);
  CHECK_STATUS(refused(&config), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "api_key_env");
  CHECK_HAS(paynow_last_error(), "CONFIGURATION_TEST_KEY");
  setenv(config.api_key_env, sandbox_key, 1);
  client = client_with(&config);
  CHECK_STATUS(get_status(), PAYNOW_OK);
  // Read when the client was made, not later.
  setenv(config.api_key_env, "pnapi_wrong", 1);
  CHECK_STATUS(get_status(), PAYNOW_OK);
  destroy(client);
  for (size_t index = 0; index < sizeof bad / sizeof *bad; index++) {
    setenv(config.api_key_env, bad[index], 1);
    CHECK_STATUS(refused(&config), PAYNOW_E_INVALID_ARGUMENT);
    CHECK_HAS(paynow_last_error(), "api_key");
  }
  unsetenv(config.api_key_env);
}

// A file that holds the key, to be removed.
static void write_key(char *path, const char *text, mode_t mode) {
  const char *directory = getenv("TMPDIR");
  snprintf(path, 512, "%s/paynow-key-XXXXXX", directory ? directory : P_tmpdir);
  int fd = mkstemp(path);
  if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || fchmod(fd, mode) != 0) {
    FAIL("%s cannot be written", path);
  }
  close(fd);
}

TEST(a_key_from_a_file_of_its_owner) {
  char path[512], text[256];
  snprintf(text, sizeof text, "%s\n", sandbox_key);
  paynow_client_config config = sandbox_config();
  config.api_key = NULL;
  config.api_key_file = path;
  static const mode_t fine[] = {0600, 0400};
  for (size_t index = 0; index < sizeof fine / sizeof *fine; index++) {
    write_key(path, text, fine[index]);
    client = client_with(&config);
    // Read by now: the file is not needed any more.
    unlink(path);
    CHECK_STATUS(get_status(), PAYNOW_OK);
    destroy(client);
  }
  CHECK_STATUS(refused(&config), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "api_key_file");
  static const mode_t open_to_others[] = {0644, 0640, 0604, 0660, 0777};
  for (size_t index = 0; index < sizeof open_to_others / sizeof *open_to_others; index++) {
    write_key(path, text, open_to_others[index]);
    CHECK_STATUS(refused(&config), PAYNOW_E_INVALID_ARGUMENT);
    CHECK_HAS(paynow_last_error(), "api_key_file");
    CHECK_HAS(paynow_last_error(), "chmod 600");
    unlink(path);
  }
  static const char *const bad[] = {"", "\n", "two words", "line\nbreak", "\xff"};
  for (size_t index = 0; index < sizeof bad / sizeof *bad; index++) {
    write_key(path, bad[index], 0600);
    CHECK_STATUS(refused(&config), PAYNOW_E_INVALID_ARGUMENT);
    CHECK_HAS(paynow_last_error(), "api_key");
    unlink(path);
  }
}

TEST(a_key_is_given_in_one_way) {
  char path[512];
  write_key(path, sandbox_key, 0600);
  setenv("CONFIGURATION_TEST_KEY", sandbox_key, 1);
  for (int ways = 0; ways < 8; ways++) {
    paynow_client_config config = sandbox_config();
    config.api_key = ways & 1 ? sandbox_key : NULL;
    config.api_key_env = ways & 2 ? "CONFIGURATION_TEST_KEY" : NULL;
    config.api_key_file = ways & 4 ? path : NULL;
    bool one_at_most = (ways & (ways - 1)) == 0;
    CHECK_STATUS(refused(&config), one_at_most ? PAYNOW_OK : PAYNOW_E_INVALID_ARGUMENT);
    if (!one_at_most) CHECK_HAS(paynow_last_error(), "api_key");
  }
  unsetenv("CONFIGURATION_TEST_KEY");
  unlink(path);
}

static bool is_ready(void *context) {
  (void)context;
  CHECK_OK(paynow_client_poll(client, 0, 0, NULL));
  return stats_of(client).warm_connections != 0;
}

TEST(a_connection_is_ready_before_the_first_request) {
  client = new_client();
  CHECK(eventually(is_ready, NULL));
  CHECK_STATUS(get_status(), PAYNOW_OK);
  paynow_stats stats = stats_of(client);
  CHECK_INT(stats.connections_opened, 1);
  CHECK_INT(stats.warm_connections, 1);
  // The sandbox speaks plain http.
  CHECK_INT(stats.handshakes, 0);
  destroy(client);
}

TEST(no_connection_is_held_ready_when_that_is_off) {
  paynow_client_config config = sandbox_config();
  config.warm_connections = PAYNOW_OFF;
  client = client_with(&config);
  CHECK_INT(stats_of(client).connections_opened, 0);
  CHECK_STATUS(get_status(), PAYNOW_OK);
  CHECK_INT(stats_of(client).connections_opened, 1);
  destroy(client);
  config.warm_connections = 3;
  config.max_workers = 2;
  CHECK_STATUS(refused(&config), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "warm_connections");
}

// Programs with headers that did not have these members yet.
TEST(earlier_programs_get_what_they_know) {
  static const size_t sizes[] = {offsetof(paynow_client_config, warm_connections), offsetof(paynow_client_config, network),
                                 offsetof(paynow_client_config, flight_recorder)};
  for (size_t index = 0; index < sizeof sizes / sizeof *sizes; index++) {
    paynow_client_config config = sandbox_config();
    config.struct_size = (uint32_t)sizes[index];
    // What lies behind a shorter struct is not read.
    if (index == 0) config.warm_connections = config.reserved = 7777;
    if (index < 2) config.network = (const paynow_network *)(uintptr_t)8;
    config.flight_recorder = config.reserved2 = 7777;
    client = client_with(&config);
    CHECK(eventually(is_ready, NULL));
    destroy(client);
  }
  client = new_client();
  CHECK(eventually(is_ready, NULL));
  paynow_stats stats = INIT(paynow_stats);
  stats.struct_size = offsetof(paynow_stats, handshakes);
  stats.warm_connections = stats.network_alone = 7777;
  CHECK_OK(paynow_client_stats(client, &stats));
  CHECK_INT(stats.connections_opened, 1);
  CHECK_INT(stats.warm_connections, 7777);
  stats.struct_size = offsetof(paynow_stats, network_up);
  stats.network_up = 7777;
  CHECK_OK(paynow_client_stats(client, &stats));
  CHECK_INT(stats.warm_connections, 1);
  CHECK_INT(stats.network_up, 7777);
  CHECK_INT(stats.network_alone, 7777);
  destroy(client);
}

TEST(proxies_and_authorities_that_cannot_be_used_are_named) {
  static const char *const proxies[] = {"socks5://127.0.0.1:1080", "https://127.0.0.1:3128", "http://", "not an address"};
  paynow_client_config config = sandbox_config();
  for (size_t index = 0; index < sizeof proxies / sizeof *proxies; index++) {
    config.proxy = proxies[index];
    CHECK_STATUS(refused(&config), PAYNOW_E_INVALID_ARGUMENT);
    CHECK_HAS(paynow_last_error(), "proxy");
  }
  config.proxy = "";
  client = client_with(&config);
  CHECK_STATUS(get_status(), PAYNOW_OK);
  destroy(client);
  char path[512];
  config.ca_file = "/nonexistent/ca.pem";
  CHECK_STATUS(refused(&config), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "ca_file");
  write_key(path, "no certificate", 0600);
  config.ca_file = path;
  CHECK_STATUS(refused(&config), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "ca_file");
  unlink(path);
}
