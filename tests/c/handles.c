// Handles and ids are numbers: one that is stale or made up names nothing, whatever function gets it.
#include "harness.h"

// Every function that takes a client.
enum { CLIENT_CALLS = 27 };

static paynow_status with_client(int which, paynow_client client) {
  paynow_list_query list = INIT(paynow_list_query);
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  paynow_lookup_query lookup = INIT(paynow_lookup_query);
  paynow_giftcard_query card = INIT(paynow_giftcard_query);
  paynow_raw_request raw = INIT(paynow_raw_request);
  paynow_authentication login = INIT(paynow_authentication);
  paynow_player player = INIT(paynow_player);
  struct paynow_stats stats = INIT(struct paynow_stats);
  paynow_completion completion;
  uint32_t number;
  size_t count;
  fields.name = lookup.name = player.name = "x";
  card.customer_token = card.code = "x";
  raw.method = "GET";
  raw.path = "/x";
  login.platform = PAYNOW_PLATFORM_MINECRAFT;
  login.id = "x";
  login.customer_ip = "203.0.113.7";
  switch (which) {
    case 0: return paynow_list_customers(client, &list, NULL, NULL);
    case 1: return paynow_create_customer(client, &fields, NULL, NULL);
    case 2: return paynow_get_customer(client, "7", 0, NULL, NULL);
    case 3: return paynow_update_customer(client, "7", 0, &fields, NULL, NULL);
    case 4: return paynow_create_customer_token(client, "7", 0, NULL, NULL);
    case 5: return paynow_invalidate_customer_tokens(client, "7", 0, NULL, NULL);
    case 6: return paynow_lookup_customer(client, &lookup, NULL, NULL);
    case 7: return paynow_bulk_create_customers(client, &fields, 1, NULL, NULL);
    case 8: return paynow_authenticate_customer(client, &login, NULL, NULL);
    case 9: return paynow_get_current_customer(client, "x", 0, NULL, NULL);
    case 10: return paynow_lookup_giftcard(client, &card, NULL, NULL);
    case 11: return paynow_request(client, &raw, NULL, NULL);
    case 12: return paynow_lookup_player(client, &player, NULL, NULL);
    case 13: return paynow_ensure_customer(client, &player, NULL, NULL);
    case 14: return paynow_token_for(client, &player, NULL, NULL);
    case 15: return paynow_client_peek(client, &lookup, &completion);
    case 16: return paynow_client_peek_player(client, &player, &completion);
    case 17: return paynow_client_set_api_key(client, "x", 0);
    case 18: return paynow_client_cancel(client, 1);
    case 19: return paynow_client_cancel_all(client, 0, &number);
    case 20: return paynow_client_poll(client, 0, 0, &number);
    case 21: return paynow_client_next(client, 0, &completion, 1, &count);
    case 22: return paynow_client_stats(client, &stats);
    case 23: return paynow_client_metrics(client, NULL, 0, &count);
    case 24: return paynow_client_dump(client, NULL, 0, &count);
    case 25: return paynow_client_shutdown(client);
    default: return paynow_client_destroy(client);
  }
}

// Every function that takes a completion.
enum { COMPLETION_CALLS = 10 };

static paynow_status with_completion(int which, paynow_completion completion) {
  paynow_completion_info info = INIT(paynow_completion_info);
  struct paynow_customer customer = INIT(struct paynow_customer);
  struct paynow_giftcard card = INIT(struct paynow_giftcard);
  struct paynow_api_error error = INIT(struct paynow_api_error);
  struct paynow_validation_error invalid = INIT(struct paynow_validation_error);
  const char *text, *other;
  switch (which) {
    case 0: return paynow_completion_info_get(completion, &info);
    case 1: return paynow_completion_customer(completion, 0, &customer);
    case 2: return paynow_completion_metadata(completion, 0, 0, &text, &other);
    case 3: return paynow_completion_token(completion, &text, NULL);
    case 4: return paynow_completion_giftcard(completion, &card);
    case 5: return paynow_completion_error(completion, &error);
    case 6: return paynow_completion_validation_error(completion, 0, &invalid);
    case 7: return paynow_completion_validation_path(completion, 0, 0, &text);
    case 8: return paynow_completion_json(completion, &text, NULL);
    default: return paynow_completion_free(completion);
  }
}

static void check_no_client(const char *what, paynow_client client) {
  for (int which = 0; which < CLIENT_CALLS; which++) {
    paynow_status status = with_client(which, client);
    if (status != PAYNOW_E_INVALID_HANDLE) FAIL("function %d of %s (%#" PRIx64 ") says %d", which, what, client, status);
    CHECK(*paynow_last_error() != 0);
  }
}

static void check_no_completion(const char *what, paynow_completion completion) {
  for (int which = 0; which < COMPLETION_CALLS; which++) {
    paynow_status status = with_completion(which, completion);
    if (status != PAYNOW_E_INVALID_HANDLE) FAIL("function %d of %s (%#" PRIx64 ") says %d", which, what, completion, status);
  }
}

// Numbers near a real one, and numbers near nothing.
static size_t forge(uint64_t real, uint64_t out[80]) {
  size_t count = 0;
  static const uint64_t others[] = {0, 1, 2, UINT64_MAX, INT64_MAX, UINT32_MAX, UINT64_C(0xdeadbeefdeadbeef)};
  for (size_t index = 0; index < sizeof others / sizeof *others; index++) out[count++] = others[index];
  for (int bit = 0; bit < 64; bit++) out[count++] = real ^ UINT64_C(1) << bit;
  out[count++] = real + 1;
  out[count++] = real - 1;
  return count;
}

TEST(made_up_clients) {
  paynow_client client = new_client();
  uint64_t forged[80];
  size_t count = forge(client, forged);
  for (size_t index = 0; index < count; index++) check_no_client("a made-up client", forged[index]);
  CHECK_OK(get_mira(client, NULL, NULL));
  CHECK_STATUS(await_status(client), PAYNOW_OK);
  CHECK_INT(sandbox_count("requests"), 1);
  destroy(client);
}

TEST(a_destroyed_client) {
  paynow_client client = new_client();
  destroy(client);
  check_no_client("a destroyed client", client);
  paynow_client next = new_client();
  check_no_client("a destroyed client, with another in its place", client);
  destroy(next);
}

TEST(a_request_is_not_a_client_and_a_client_not_a_completion) {
  paynow_client client = new_client();
  paynow_request_id request = 0;
  CHECK_OK(get_mira(client, NULL, &request));
  check_no_client("a request", request);
  check_no_completion("a client", client);
  CHECK_STATUS(await_status(client), PAYNOW_OK);
  destroy(client);
}

TEST(made_up_completions) {
  paynow_client client = new_client();
  CHECK_OK(get_mira(client, NULL, NULL));
  paynow_completion completion = await(client);
  uint64_t forged[80];
  size_t count = forge(completion, forged);
  for (size_t index = 0; index < count; index++) check_no_completion("a made-up completion", forged[index]);
  CHECK_STATUS(info_of(completion).status, PAYNOW_OK);
  destroy(client);
}

TEST(a_completion_that_was_freed) {
  paynow_client client = new_client();
  CHECK_OK(get_mira(client, NULL, NULL));
  paynow_completion completion = await(client);
  CHECK_OK(paynow_completion_free(completion));
  check_no_completion("a freed completion", completion);
  // Also when another request has taken its place.
  CHECK_OK(get_mira(client, NULL, NULL));
  paynow_completion other = await(client);
  check_no_completion("a freed completion, with another in its place", completion);
  CHECK_STATUS(info_of(other).status, PAYNOW_OK);
  destroy(client);
  check_no_completion("a completion of a destroyed client", other);
}

TEST(a_request_that_was_not_collected) {
  paynow_client client = new_client();
  paynow_request_id request = 0;
  sandbox_hangs();
  CHECK_OK(get_mira(client, NULL, &request));
  check_no_completion("a request under way", request);
  CHECK_OK(paynow_client_cancel(client, request));
  check_no_completion("a request that has ended and was not collected", request);
  CHECK_STATUS(await_status(client), PAYNOW_E_CANCELLED);
  destroy(client);
}

TEST(cancelling_what_was_never_given_out) {
  paynow_client client = new_client();
  // A first client has the lowest number of all, so that 0 and small numbers come near its requests.
  uint64_t forged[80];
  size_t count = forge(client, forged);
  for (size_t index = 0; index < count; index++) {
    paynow_status status = paynow_client_cancel(client, forged[index]);
    if (status != PAYNOW_E_INVALID_HANDLE) FAIL("cancelling %#" PRIx64 " says %d: %s", forged[index], status, paynow_last_error());
  }
  CHECK_STATUS(paynow_client_cancel(client, client), PAYNOW_E_INVALID_HANDLE);
  destroy(client);
}

TEST(cancelling_a_request_of_another_client) {
  paynow_client one = new_client(), two = new_client();
  paynow_request_id request = 0;
  sandbox_hangs();
  CHECK_OK(get_mira(one, NULL, &request));
  CHECK_STATUS(paynow_client_cancel(two, request), PAYNOW_E_INVALID_HANDLE);
  CHECK_OK(paynow_client_cancel(one, request));
  destroy(one);
  CHECK_STATUS(paynow_client_cancel(two, request), PAYNOW_E_INVALID_HANDLE);
  destroy(two);
}

// Refused, not crashed on, and never taken for one of a later client.
TEST(create_after_destroy_three_hundred_times) {
  enum { ROUNDS = 300 };
  static paynow_client clients[ROUNDS];
  static paynow_request_id requests[ROUNDS];
  for (int round = 0; round < ROUNDS; round++) {
    clients[round] = new_client();
    CHECK_OK(get_mira(clients[round], NULL, &requests[round]));
    CHECK_STATUS(await_status(clients[round]), PAYNOW_OK);
    destroy(clients[round]);
    if (harness_failed()) return;
  }
  paynow_client last = new_client();
  paynow_request_id request = 0;
  CHECK_OK(get_mira(last, NULL, &request));
  paynow_completion completion = await(last);
  for (int round = 0; round < ROUNDS; round++) {
    for (int other = 0; other < round; other++) CHECK(clients[round] != clients[other] && requests[round] != requests[other]);
    CHECK(clients[round] != last && requests[round] != request);
    CHECK_STATUS(paynow_client_poll(clients[round], 0, 0, NULL), PAYNOW_E_INVALID_HANDLE);
    CHECK_STATUS(paynow_completion_free(requests[round]), PAYNOW_E_INVALID_HANDLE);
    if (harness_failed()) return;
  }
  CHECK_STATUS(info_of(completion).status, PAYNOW_OK);
  destroy(last);
}

TEST(as_many_clients_as_there_are_places) {
  static paynow_client clients[255];
  for (int index = 0; index < 255; index++) clients[index] = new_client();
  paynow_client_config config = sandbox_config();
  paynow_client one_more = 0;
  CHECK_STATUS(paynow_client_create(&config, &one_more), PAYNOW_E_RESOURCES);
  CHECK_INT(one_more, 0);
  CHECK_HAS(paynow_last_error(), "255");
  destroy(clients[77]);
  clients[77] = new_client();
  CHECK_OK(get_mira(clients[77], NULL, NULL));
  CHECK_STATUS(await_status(clients[77]), PAYNOW_OK);
  for (int index = 0; index < 255; index++) destroy(clients[index]);
}
