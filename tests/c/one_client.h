// For programs whose tests have one client and look at one completion at a time.
#ifndef ONE_CLIENT_H
#define ONE_CLIENT_H

#include "harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static paynow_client client;
static paynow_completion completion;

static inline paynow_completion_info answer(void) {
  completion = await(client);
  return info_of(completion);
}

static inline struct paynow_customer customer_at(size_t index) {
  struct paynow_customer customer = INIT(struct paynow_customer);
  CHECK_OK(paynow_completion_customer(completion, index, &customer));
  return customer;
}

static inline paynow_lookup_query by_name(const char *name) {
  paynow_lookup_query query = INIT(paynow_lookup_query);
  query.minecraft_java_name = name;
  return query;
}

static inline paynow_completion_info look_up(const char *name) {
  paynow_lookup_query query = by_name(name);
  CHECK_OK(paynow_lookup_customer(client, &query, NULL, NULL));
  return answer();
}

static inline paynow_completion_info rename_customer(const char *id, const char *name) {
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.name = name;
  CHECK_OK(paynow_update_customer(client, id, 0, &fields, NULL, NULL));
  return answer();
}

// A client that asks up to three times, without waiting long.
static inline void begin_persistent(void) {
  paynow_client_config config = sandbox_config();
  config.max_attempts = 3;
  config.retry_base_ms = 1;
  client = client_with(&config);
}

// A client that remembers answers.
static inline void begin_remembering(void) {
  paynow_client_config config = sandbox_config();
  config.cache_ttl_ms = 0;
  client = client_with(&config);
}

static inline paynow_status peek(const char *name) {
  paynow_lookup_query query = by_name(name);
  return paynow_client_peek(client, &query, &completion);
}

// An address where nothing listens: one that was just given back.
static inline void unused_address(char *out, size_t room) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t length = sizeof address;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
    FAIL("no address can be had");
  }
  close(fd);
  snprintf(out, room, "http://127.0.0.1:%d", ntohs(address.sin_port));
}

// --- an API that fails ---

static uint64_t next_stranger;

static inline paynow_status ask(void) {
  CHECK_OK(get_stranger(client, next_stranger++, NULL, NULL));
  return answer().status;
}

// Now and then one request is let through to see whether the API is back: then the next is refused.
static inline paynow_completion_info ask_until_refused(void) {
  for (int tries = 0; tries < 100; tries++) {
    int64_t before = sandbox_count("requests");
    CHECK_OK(get_stranger(client, next_stranger++, NULL, NULL));
    paynow_completion_info info = answer();
    if (info.status != PAYNOW_E_UNAVAILABLE || info.attempts > 0) continue;
    CHECK_INT(sandbox_count("requests"), before);
    return info;
  }
  FAIL("nothing was refused");
  return info_of(completion);
}

#endif
