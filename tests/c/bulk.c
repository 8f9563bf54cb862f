// Creating any number of customers, in pieces.
#include "one_client.h"

enum { many = 450, piece = 200 };
static char steam_ids[many][24];
static paynow_customer_fields wanted[many];
static int64_t outcomes[piece];
static paynow_bulk bulk;

// So many customers to create, each with a Steam id of its own.
static void begin_bulk(size_t count) {
  for (size_t index = 0; index < many; index++) {
    snprintf(steam_ids[index], sizeof steam_ids[index], "765611986%08zu", index);
    wanted[index] = INIT(paynow_customer_fields);
    wanted[index].steam_id = steam_ids[index];
  }
  bulk = INIT(paynow_bulk);
  bulk.customers = wanted;
  bulk.count = count;
}

static size_t accept_piece(void) {
  size_t count = 77;
  for (size_t index = 0; index < piece; index++) outcomes[index] = -77;
  CHECK_OK(paynow_bulk_accept(&bulk, completion, outcomes, &count));
  return count;
}

static paynow_completion_info send_piece(void) {
  CHECK_OK(paynow_bulk_submit(client, &bulk, NULL, NULL));
  paynow_completion_info info = answer();
  CHECK_INT(info.operation, PAYNOW_OP_BULK_CREATE_CUSTOMERS);
  return info;
}

// What became of a piece that begins at `from`: each customer is the one that was wanted.
static void check_created(size_t from, size_t count) {
  for (size_t index = 0; index < count; index++) {
    if (outcomes[index] < 0) {
      FAIL("%zu is %" PRId64, from + index, outcomes[index]);
      return;
    }
    CHECK_STR(customer_at((size_t)outcomes[index]).steam_id, steam_ids[from + index]);
  }
}

TEST(a_bulk_of_any_size_is_created_in_pieces) {
  static const size_t sizes[] = {200, 200, 50};
  client = new_client();
  begin_bulk(many);
  size_t done = 0;
  for (size_t index = 0; index < 3; index++) {
    CHECK_STATUS(send_piece().status, PAYNOW_OK);
    CHECK_INT(bulk.done, done);
    CHECK_INT(accept_piece(), sizes[index]);
    check_created(done, sizes[index]);
    done += sizes[index];
    CHECK_INT(bulk.done, done);
    CHECK_OK(paynow_completion_free(completion));
  }
  // No more than there was room for is written.
  for (size_t index = 50; index < piece; index++) CHECK_INT(outcomes[index], -77);
  CHECK_STATUS(paynow_bulk_submit(client, &bulk, NULL, NULL), PAYNOW_E_NO_VALUE);
  CHECK_INT(sandbox_count("creates_effective"), many);
  CHECK_INT(sandbox_count("bulk_create_customers"), 3);
  destroy(client);
}

TEST(each_customer_of_a_bulk_is_found_whatever_the_order) {
  client = new_client();
  begin_bulk(7);
  wanted[1] = INIT(paynow_customer_fields);
  wanted[1].minecraft_uuid = "069A79F444E94726A5BEFCA90E38AAF5";
  wanted[2] = INIT(paynow_customer_fields);
  wanted[2].xbox_xuid = "2535432196048835";
  for (int index = 3; index < 7; index++) {
    static const char *const names[] = {"Olga", "twin", "twin", "missing"};
    wanted[index] = INIT(paynow_customer_fields);
    wanted[index].name = names[index - 3];
  }
  sandbox_answers("bulk_create_customers", 200, "{}",
                  "[{\"id\":\"6\",\"name\":\"twin\"},{\"id\":\"5\",\"name\":\"twin\"},{\"id\":\"4\",\"name\":\"Olga\"},"
                  "{\"id\":\"3\",\"xbox_xuid\":2535432196048835},"
                  "{\"id\":\"2\",\"minecraft_uuid\":\"069a79f4-44e9-4726-a5be-fca90e38aaf5\"},"
                  "{\"id\":\"1\",\"steam_id\":\"76561198600000000\"}]");
  CHECK_STATUS(send_piece().status, PAYNOW_OK);
  CHECK_INT(accept_piece(), 7);
  static const int64_t expected[] = {5, 4, 3, 2, PAYNOW_BULK_UNKNOWN, PAYNOW_BULK_UNKNOWN, PAYNOW_BULK_UNKNOWN};
  for (size_t index = 0; index < 7; index++) CHECK_INT(outcomes[index], expected[index]);
  CHECK_INT(bulk.done, 7);
  destroy(client);
}

TEST(a_piece_that_fails_is_undone_only_if_that_is_sure) {
  static const struct {
    const char *fault;
    int64_t outcome;
  } cases[] = {
      {"\"respond\":{\"status\":500}", PAYNOW_BULK_UNKNOWN},
      {"\"after_effect\":true,\"respond\":{\"status\":504}", PAYNOW_BULK_UNKNOWN},
      {"\"reset\":true", PAYNOW_BULK_UNKNOWN},
      {"\"respond\":{\"status\":409}", PAYNOW_BULK_UNKNOWN},
      {"\"respond\":{\"status\":200,\"body\":\"<html>\"}", PAYNOW_BULK_UNKNOWN},
      {"\"respond\":{\"status\":401}", PAYNOW_BULK_FAILED},
      {"\"respond\":{\"status\":403}", PAYNOW_BULK_FAILED},
  };
  for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
    char plan[256];
    free(sandbox("POST", "reset", ""));
    client = new_client();
    begin_bulk(many);
    // The second of three.
    snprintf(plan, sizeof plan, "{\"rules\":[{\"times\":1,\"delay_ms\":0},{\"times\":1,%s}]}", cases[index].fault);
    sandbox_faults(plan);
    CHECK_STATUS(send_piece().status, PAYNOW_OK);
    CHECK_INT(accept_piece(), piece);
    check_created(0, piece);
    CHECK(send_piece().status != PAYNOW_OK);
    CHECK_INT(accept_piece(), piece);
    for (size_t place = 0; place < piece; place++) {
      if (CHECK_INT(outcomes[place], cases[index].outcome)) continue;
      FAIL("the fault was %s", cases[index].fault);
      break;
    }
    CHECK_INT(bulk.done, 2 * piece);
    // The others are none the worse for it.
    CHECK_STATUS(send_piece().status, PAYNOW_OK);
    CHECK_INT(accept_piece(), many - 2 * piece);
    check_created(2 * piece, many - 2 * piece);
    destroy(client);
  }
}

TEST(a_piece_that_never_left_has_surely_failed) {
  char address[64];
  unused_address(address, sizeof address);
  paynow_client_config config = sandbox_config();
  config.api_base = address;
  client = client_with(&config);
  begin_bulk(2);
  CHECK_STATUS(send_piece().status, PAYNOW_E_CONNECT);
  CHECK_INT(accept_piece(), 2);
  CHECK_INT(outcomes[0], PAYNOW_BULK_FAILED);
  CHECK_INT(outcomes[1], PAYNOW_BULK_FAILED);
  // Done, too: to try again is the host's to decide, and easily said.
  CHECK_INT(bulk.done, 2);
  bulk.done = 0;
  CHECK_OK(paynow_bulk_submit(client, &bulk, NULL, NULL));
  answer();
  destroy(client);
}

TEST(a_bulk_of_none_is_over_at_once) {
  client = new_client();
  begin_bulk(0);
  paynow_request_id request = 77;
  CHECK_STATUS(paynow_bulk_submit(client, &bulk, NULL, &request), PAYNOW_E_NO_VALUE);
  bulk.customers = NULL;
  CHECK_STATUS(paynow_bulk_submit(client, &bulk, NULL, &request), PAYNOW_E_NO_VALUE);
  CHECK_STATUS(paynow_bulk_accept(&bulk, 0, NULL, NULL), PAYNOW_E_NO_VALUE);
  begin_bulk(5);
  bulk.done = 5;
  CHECK_STATUS(paynow_bulk_submit(client, &bulk, NULL, &request), PAYNOW_E_NO_VALUE);
  bulk.done = SIZE_MAX;
  CHECK_STATUS(paynow_bulk_submit(client, &bulk, NULL, &request), PAYNOW_E_NO_VALUE);
  CHECK_INT(request, 77);
  CHECK_INT(stats_of(client).submitted, 0);
  destroy(client);
}

TEST(bad_bulks_are_refused) {
  client = new_client();
  paynow_request_id request = 77;
  begin_bulk(3);
  bulk.customers = NULL;
  CHECK_STATUS(paynow_bulk_submit(client, &bulk, NULL, &request), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "customers");
  begin_bulk(3);
  bulk.reserved = 1;
  CHECK_STATUS(paynow_bulk_submit(client, &bulk, NULL, &request), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "reserved");
  bulk = INIT(paynow_bulk);
  bulk.struct_size = 1;
  CHECK_STATUS(paynow_bulk_submit(client, &bulk, NULL, &request), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_STATUS(paynow_bulk_submit(client, NULL, NULL, &request), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_STATUS(paynow_bulk_accept(NULL, 0, outcomes, NULL), PAYNOW_E_INVALID_ARGUMENT);
  begin_bulk(3);
  CHECK_STATUS(paynow_bulk_submit(0, &bulk, NULL, &request), PAYNOW_E_INVALID_HANDLE);
  CHECK_STATUS(paynow_bulk_accept(&bulk, 0, outcomes, NULL), PAYNOW_E_INVALID_HANDLE);
  CHECK_INT(bulk.done, 0);
  CHECK_INT(request, 77);
  CHECK_INT(stats_of(client).submitted, 0);
  destroy(client);
}

TEST(a_piece_with_a_bad_customer_is_refused_and_not_skipped) {
  client = new_client();
  begin_bulk(3);
  wanted[1].steam_id = "x";
  CHECK_STATUS(paynow_bulk_submit(client, &bulk, NULL, NULL), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "steam_id");
  CHECK_HAS(paynow_last_error(), "1");
  CHECK_INT(bulk.done, 0);
  CHECK_INT(sandbox_count("requests"), 0);
  // The host goes around it: the first two were not sent, the third is.
  bulk.done = 2;
  CHECK_STATUS(send_piece().status, PAYNOW_OK);
  CHECK_INT(accept_piece(), 1);
  check_created(2, 1);
  // Or fixes it.
  bulk.done = 0;
  bulk.count = 2;
  wanted[1].steam_id = steam_ids[1];
  CHECK_STATUS(send_piece().status, PAYNOW_OK);
  CHECK_INT(accept_piece(), 2);
  check_created(0, 2);
  CHECK_INT(sandbox_count("creates_effective"), 3);
  destroy(client);
}

TEST(outcomes_need_not_be_asked_for) {
  client = new_client();
  begin_bulk(3);
  CHECK_STATUS(send_piece().status, PAYNOW_OK);
  CHECK_OK(paynow_bulk_accept(&bulk, completion, NULL, NULL));
  CHECK_INT(bulk.done, 3);
  destroy(client);
}

// A host compiled against a later header has larger structs; they lie as far apart as they say.
TEST(customers_of_a_bulk_may_lie_further_apart) {
  static struct {
    paynow_customer_fields known;
    unsigned char later[24];
  } spaced[250];
  client = new_client();
  begin_bulk(0);
  for (size_t index = 0; index < 250; index++) {
    spaced[index].known = wanted[index];
    spaced[index].known.struct_size = sizeof spaced[index];
  }
  bulk.customers = &spaced[0].known;
  bulk.count = 250;
  CHECK_STATUS(send_piece().status, PAYNOW_OK);
  CHECK_INT(accept_piece(), piece);
  check_created(0, piece);
  CHECK_STATUS(send_piece().status, PAYNOW_OK);
  CHECK_INT(accept_piece(), 50);
  check_created(piece, 50);
  destroy(client);
}
