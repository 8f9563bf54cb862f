// Walking through all pages of a list.
#include "one_client.h"

static paynow_pages pages;

static void begin_walk(uint32_t limit, int32_t order) {
  pages = INIT(paynow_pages);
  pages.limit = limit;
  pages.order = order;
}

struct walked {
  uint64_t ids[128];
  size_t count, asked;
};

// Walks on to the end, or as far as any real store goes.
static struct walked walk(void) {
  struct walked walked = {{0}, 0, 0};
  while (walked.asked < 100) {
    size_t first = 77, count = 77;
    paynow_status status = paynow_pages_submit(client, &pages, NULL, NULL);
    if (status == PAYNOW_E_NO_VALUE) break;
    if (!CHECK_OK(status)) return walked;
    walked.asked++;
    paynow_completion_info info = answer();
    CHECK_STATUS(info.status, PAYNOW_OK);
    CHECK_INT(info.operation, PAYNOW_OP_LIST_CUSTOMERS);
    if (!CHECK_OK(paynow_pages_accept(&pages, completion, &first, &count))) return walked;
    if (first + count > info.customer_count) {
      FAIL("%zu from %zu on are not among %u", count, first, info.customer_count);
      return walked;
    }
    for (size_t index = first; index < first + count && walked.count < 128; index++) {
      walked.ids[walked.count++] = strtoull(customer_at(index).id, NULL, 10);
    }
    CHECK_OK(paynow_completion_free(completion));
  }
  CHECK_INT(pages.is_over, 1);
  return walked;
}

static void check_walked(struct walked walked, const uint64_t *ids, size_t count) {
  CHECK_INT(walked.count, count);
  for (size_t index = 0; index < count && index < walked.count; index++) CHECK_INT(walked.ids[index], ids[index]);
}

TEST(a_walk_meets_every_customer_once) {
  static const int32_t orders[] = {PAYNOW_ORDER_DEFAULT, PAYNOW_ORDER_ASCENDING, PAYNOW_ORDER_DESCENDING};
  client = new_client();
  for (size_t order = 0; order < 3; order++) {
    bool rising = orders[order] != PAYNOW_ORDER_DESCENDING;
    begin_walk(5, orders[order]);
    struct walked walked = walk();
    CHECK_INT(walked.count, 24);
    CHECK_INT(walked.asked, 5);
    for (size_t index = 1; index < walked.count; index++) {
      CHECK(rising ? walked.ids[index] > walked.ids[index - 1] : walked.ids[index] < walked.ids[index - 1]);
    }
    CHECK_INT(pages.cursor, walked.ids[23]);
    char oldest[32];
    snprintf(oldest, sizeof oldest, "%" PRIu64, walked.ids[rising ? 0 : 23]);
    CHECK_STR(oldest, NOTCH);
    // Over is over.
    size_t first = 77, count = 77;
    CHECK_STATUS(paynow_pages_submit(client, &pages, NULL, NULL), PAYNOW_E_NO_VALUE);
    CHECK_STATUS(paynow_pages_accept(&pages, completion, &first, &count), PAYNOW_E_NO_VALUE);
    CHECK_INT(first, 77);
  }
  // A last page that is full is followed by one that is empty.
  begin_walk(6, PAYNOW_ORDER_ASCENDING);
  struct walked walked = walk();
  CHECK_INT(walked.count, 24);
  CHECK_INT(walked.asked, 5);
  begin_walk(0, PAYNOW_ORDER_DEFAULT);
  walked = walk();
  CHECK_INT(walked.count, 24);
  CHECK_INT(walked.asked, 1);
  CHECK_HAS(sandbox_sent().target, "limit=100");
  destroy(client);
}

TEST(a_walk_can_search_and_begin_anywhere) {
  client = new_client();
  begin_walk(1, PAYNOW_ORDER_ASCENDING);
  pages.search = "mhf_xxx";
  pages.search_n = 4;
  struct walked walked = walk();
  CHECK_INT(walked.count, 2);
  CHECK_INT(walked.asked, 3);
  CHECK_HAS(sandbox_sent().target, "search=mhf_");
  CHECK_HAS_NOT(sandbox_sent().target, "xxx");
  // Kept by the host over a restart, say.
  begin_walk(100, PAYNOW_ORDER_ASCENDING);
  pages.cursor = strtoull(MIRA, NULL, 10);
  walked = walk();
  CHECK_INT(walked.count, 13);
  CHECK_HAS(sandbox_sent().target, "after=" MIRA);
  destroy(client);
}

TEST(an_endless_repeated_page_ends_the_walk) {
  static const uint64_t ids[] = {11, 12, 13};
  client = new_client();
  begin_walk(3, PAYNOW_ORDER_ASCENDING);
  sandbox_answers("list_customers", 200, "{}", "[{\"id\":\"11\"},{\"id\":\"12\"},{\"id\":\"13\"}]");
  struct walked walked = walk();
  check_walked(walked, ids, 3);
  CHECK_INT(walked.asked, 2);
  destroy(client);
}

TEST(a_page_that_holds_its_cursor_is_read_behind_it) {
  static const uint64_t ids[] = {11, 12, 13, 14, 15};
  client = new_client();
  begin_walk(3, PAYNOW_ORDER_ASCENDING);
  sandbox_faults("{\"rules\":["
                 "{\"target_contains\":\"after=13\",\"respond\":{\"status\":200,\"body\":\"[{\\\"id\\\":13},{\\\"id\\\":14},{\\\"id\\\":15}]\"}},"
                 "{\"target_contains\":\"after=15\",\"respond\":{\"status\":200,\"body\":\"[{\\\"id\\\":15}]\"}},"
                 "{\"respond\":{\"status\":200,\"body\":\"[{\\\"id\\\":11},{\\\"id\\\":12},{\\\"id\\\":13}]\"}}]}");
  struct walked walked = walk();
  check_walked(walked, ids, 5);
  CHECK_INT(walked.asked, 3);
  destroy(client);
}

TEST(dishonest_pages_end_the_walk) {
  static const struct {
    const char *page;
    size_t count;
  } cases[] = {
      {"[]", 0},
      {"[{\"id\":\"11\"}]", 1},
      // More than was asked for.
      {"[{\"id\":\"11\"},{\"id\":\"12\"},{\"id\":\"13\"},{\"id\":\"14\"},{\"id\":\"15\"}]", 5},
      // Out of order: what comes before the break counts.
      {"[{\"id\":\"13\"},{\"id\":\"12\"},{\"id\":\"11\"}]", 1},
      {"[{\"id\":\"11\"},{\"id\":\"11\"},{\"id\":\"11\"}]", 1},
      // The largest id there is.
      {"[{\"id\":\"11\"},{\"id\":\"12\"},{\"id\":\"9223372036854775807\"}]", 3},
  };
  client = new_client();
  for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
    begin_walk(3, PAYNOW_ORDER_ASCENDING);
    sandbox_answers("list_customers", 200, "{}", cases[index].page);
    struct walked walked = walk();
    bool ended = CHECK_INT(walked.count, cases[index].count);
    CHECK(walked.asked <= 2);
    if (!ended) FAIL("the page was %s", cases[index].page);
  }
  destroy(client);
}

// Text of digits that is not a PayNow id: nothing can be asked behind it.
TEST(ids_that_are_none_end_the_walk) {
  static const char *const pages_of_one[] = {"[{\"id\":\"0\"}]", "[{\"id\":\"9223372036854775808\"}]", "[{\"id\":\"18446744073709551615\"}]"};
  client = new_client();
  for (size_t index = 0; index < sizeof pages_of_one / sizeof *pages_of_one; index++) {
    begin_walk(1, PAYNOW_ORDER_ASCENDING);
    sandbox_answers("list_customers", 200, "{}", pages_of_one[index]);
    struct walked walked = walk();
    if (pages.is_over != 1 || walked.count > 1) FAIL("the page was %s: %zu came", pages_of_one[index], walked.count);
  }
  destroy(client);
}

TEST(a_page_whose_ids_are_not_digits_is_refused) {
  client = new_client();
  sandbox_answers("list_customers", 200, "{}", "[{\"id\":\"11\"},{\"id\":\"x\"}]");
  begin_walk(3, PAYNOW_ORDER_ASCENDING);
  CHECK_OK(paynow_pages_submit(client, &pages, NULL, NULL));
  CHECK_STATUS(answer().status, PAYNOW_E_INVALID_RESPONSE);
  CHECK_OK(paynow_completion_free(completion));
  destroy(client);
}

TEST(a_page_that_failed_can_be_asked_for_again) {
  client = new_client();
  begin_walk(10, PAYNOW_ORDER_ASCENDING);
  sandbox_faults("{\"rules\":[{\"times\":1,\"delay_ms\":0},{\"times\":1,\"respond\":{\"status\":500}},{\"times\":1,\"respond\":{\"status\":200,\"body\":\"[{}\"}}]}");
  size_t first = 0, count = 0;
  CHECK_OK(paynow_pages_submit(client, &pages, NULL, NULL));
  answer();
  CHECK_OK(paynow_pages_accept(&pages, completion, &first, &count));
  CHECK_INT(count, 10);
  paynow_pages before = pages;
  for (int failure = 0; failure < 2; failure++) {
    first = count = 77;
    CHECK_OK(paynow_pages_submit(client, &pages, NULL, NULL));
    CHECK(answer().status != PAYNOW_OK);
    CHECK_STATUS(paynow_pages_accept(&pages, completion, &first, &count), PAYNOW_E_NO_VALUE);
    CHECK_INT(first, 77);
    CHECK_INT(count, 77);
    CHECK(memcmp(&before, &pages, sizeof pages) == 0);
  }
  struct walked walked = walk();
  CHECK_INT(walked.count, 14);
  destroy(client);
}

TEST(bad_walks_are_refused) {
  client = new_client();
  paynow_request_id request = 77;
  size_t first = 0, count = 0;
  static const struct {
    uint32_t limit;
    int32_t order;
    const char *search, *argument;
  } cases[] = {
      {101, 0, NULL, "limit"},
      {UINT32_MAX, 0, NULL, "limit"},
      {5, 3, NULL, "order"},
      {5, -1, NULL, "order"},
      {5, 0, "\xff", "search"},
      {5, 0, "a\nb", "search"},
  };
  for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
    begin_walk(cases[index].limit, cases[index].order);
    pages.search = cases[index].search;
    CHECK_STATUS(paynow_pages_submit(client, &pages, NULL, &request), PAYNOW_E_INVALID_ARGUMENT);
    CHECK_HAS(paynow_last_error(), cases[index].argument);
  }
  CHECK_STATUS(paynow_pages_submit(client, NULL, NULL, &request), PAYNOW_E_INVALID_ARGUMENT);
  begin_walk(5, 0);
  pages.struct_size = 3;
  CHECK_STATUS(paynow_pages_submit(client, &pages, NULL, &request), PAYNOW_E_INVALID_ARGUMENT);
  begin_walk(5, 0);
  CHECK_STATUS(paynow_pages_submit(0, &pages, NULL, &request), PAYNOW_E_INVALID_HANDLE);
  CHECK_INT(request, 77);
  CHECK_INT(stats_of(client).submitted, 0);
  CHECK_OK(paynow_pages_submit(client, &pages, NULL, &request));
  answer();
  CHECK_STATUS(paynow_pages_accept(NULL, completion, &first, &count), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_STATUS(paynow_pages_accept(&pages, completion, NULL, &count), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_STATUS(paynow_pages_accept(&pages, completion, &first, NULL), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_STATUS(paynow_pages_accept(&pages, 0, &first, &count), PAYNOW_E_INVALID_HANDLE);
  CHECK_INT(pages.cursor, 0);
  CHECK_OK(paynow_pages_accept(&pages, completion, &first, &count));
  CHECK_INT(count, 5);
  CHECK_OK(paynow_completion_free(completion));
  CHECK_STATUS(paynow_pages_accept(&pages, completion, &first, &count), PAYNOW_E_INVALID_HANDLE);
  destroy(client);
}
