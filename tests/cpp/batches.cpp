// Lists longer than a page, and bulks larger than a request.

#include "harness.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

using namespace paynow;
using namespace std::literals;
using test::answer;

static_assert(std::is_copy_constructible_v<Pages> && std::is_copy_assignable_v<Pages>);
static_assert(!std::is_copy_constructible_v<Bulk> && !std::is_copy_assignable_v<Bulk>);
static_assert(std::is_nothrow_move_constructible_v<Bulk> && std::is_nothrow_move_assignable_v<Bulk>);

namespace {

/// A client that asks once.
Client asking_once() {
  Config config = test::config();
  config.max_attempts = 1;
  return test::client(std::move(config));
}

/// Walks to the end, or as far as any real store goes: the ids that came.
std::vector<std::string> walk(const Client& client, Pages& pages, int* asked = nullptr) {
  std::vector<std::string> ids;
  int pages_asked = 0;
  while (!pages.is_over() && pages_asked < 100) {
    ++pages_asked;
    const auto done = answer(client, pages.submit(client));
    CHECK_EQ(done->info().operation, Operation::list_customers);
    const auto customers = pages.accept(*done);
    if (!customers) {
      test::fail(__FILE__, __LINE__, "a page was refused: " + customers.error());
      break;
    }
    for (const Customer customer : *customers) ids.emplace_back(customer.id());
  }
  CHECK(pages.is_over());
  if (asked != nullptr) *asked = pages_asked;
  return ids;
}

Pages by(std::uint32_t limit, Order order = Order::api_default) {
  PagesQuery query;
  query.limit = limit;
  query.order = order;
  return Pages(query);
}

/// Texts of Steam ids, and customers that borrow them.
struct Wanted {
  explicit Wanted(std::size_t count) {
    for (std::size_t index = 0; index < count; ++index) {
      ids.push_back(std::to_string(76561198600000000u + index));
    }
    customers.resize(count);
    for (std::size_t index = 0; index < count; ++index) customers[index].steam_id = ids[index];
  }
  std::vector<std::string> ids;
  std::vector<CustomerFields> customers;
};

void check_created(const std::vector<BulkOutcome>& outcomes, const Wanted& wanted, std::size_t from) {
  for (std::size_t index = 0; index < outcomes.size(); ++index) {
    const BulkOutcome& outcome = outcomes[index];
    CHECK_EQ(outcome.index, from + index);
    CHECK_EQ(outcome.state, BulkOutcome::State::created);
    REQUIRE(outcome.customer.has_value());
    CHECK_EQ(outcome.customer->steam_id(), wanted.ids[from + index]);
  }
}

}  // namespace

TEST(a_walk_meets_every_customer_once) {
  const Client client = test::client();
  for (const Order order : {Order::api_default, Order::ascending, Order::descending}) {
    const bool rising = order != Order::descending;
    Pages pages = by(5, order);
    CHECK_EQ(pages.cursor(), 0u);
    int asked = 0;
    const auto ids = walk(client, pages, &asked);
    REQUIRE(ids.size() == 24);
    CHECK_EQ(asked, 5);
    for (std::size_t index = 1; index < ids.size(); ++index) {
      CHECK(rising ? ids[index] > ids[index - 1] : ids[index] < ids[index - 1]);
    }
    CHECK_EQ(rising ? ids.front() : ids.back(), "421621336637440000");
    CHECK_EQ(std::to_string(pages.cursor()), ids.back());
    // Over is over.
    CHECK_EQ(pages.submit(client).status(), Status::no_value);
    CHECK_EQ(pages.accept(Completion()).status(), Status::no_value);
  }
  Pages whole;
  int asked = 0;
  CHECK_EQ(walk(client, whole, &asked).size(), 24u);
  CHECK_EQ(asked, 1);
}

TEST(a_page_is_a_range_of_views) {
  const Client client = test::client();
  Pages pages = by(3, Order::ascending);
  auto done = answer(client, pages.submit(client));
  const auto page = pages.accept(*done);
  REQUIRE(page.ok());
  const Pages::Customers customers = *page;
  CHECK_EQ(customers.size(), 3u);
  CHECK(!customers.empty());
  CHECK_EQ(customers[0].id(), "421621336637440000");
  CHECK_EQ(customers[0].metadata("rank"), "founder");
  CHECK_EQ(customers[2].minecraft()->name, "MHF_Steve");
  std::size_t count = 0;
  for (const Customer customer : customers) count += customer.store_id() == test::store_id();
  CHECK_EQ(count, 3u);
  // Gone with its completion.
  done.owned.reset();
  CHECK_EQ(customers[0].id(), "");
  CHECK(customers[0].metadata().empty());
}

TEST(a_walk_in_callbacks) {
  const Client client = test::client();
  Pages pages = by(10);
  std::vector<std::string> ids;
  bool over = false;
  std::function<void(const Completion&)> next = [&](const Completion& done) {
    const auto page = pages.accept(done);
    if (!page) return test::fail(__FILE__, __LINE__, page.error());
    for (const Customer customer : *page) ids.emplace_back(customer.id());
    over = pages.is_over();
    if (!over) CHECK(pages.submit(client, next).ok());
  };
  REQUIRE(pages.submit(client, next).ok());
  CHECK(test::poll_until(client, [&] { return over; }));
  CHECK_EQ(ids.size(), 24u);
}

TEST(a_walk_can_search_begin_anywhere_and_be_copied) {
  const Client client = test::client();
  PagesQuery query;
  query.limit = 1;
  std::string text = "mhf_";
  query.search = text;
  Pages pages(query);
  // It was copied.
  text = "stranger";
  CHECK_EQ(walk(client, pages).size(), 2u);

  query = {};
  query.after = 440116992540673366;
  Pages later(query);
  CHECK_EQ(walk(client, later).size(), 13u);

  Pages first = by(5);
  CHECK(first.accept(*answer(client, first.submit(client))).ok());
  Pages copy = first;
  CHECK_EQ(walk(client, first).size(), 19u);
  CHECK(!copy.is_over());
  CHECK_EQ(walk(client, copy).size(), 19u);
}

TEST(dishonest_pages_end_the_walk) {
  const Client client = test::client();
  test::faults(R"({"rules":[{"respond":{"status":200,"body":"[{\"id\":\"11\"},{\"id\":\"12\"}]"}}]})");
  Pages same = by(2);
  int asked = 0;
  CHECK_EQ(walk(client, same, &asked).size(), 2u);
  CHECK_EQ(asked, 2);
  // The cursor comes along: only what is behind it is new.
  test::faults(R"({"rules":[
    {"target_contains":"after=12","respond":{"status":200,"body":"[{\"id\":\"12\"},{\"id\":\"13\"}]"}},
    {"target_contains":"after=13","respond":{"status":200,"body":"[{\"id\":\"13\"}]"}},
    {"respond":{"status":200,"body":"[{\"id\":\"11\"},{\"id\":\"12\"}]"}}]})");
  Pages overlapping = by(2);
  const auto ids = walk(client, overlapping);
  CHECK(ids == std::vector<std::string>{"11", "12", "13"});
}

TEST(a_page_that_failed_can_be_asked_for_again) {
  const Client client = asking_once();
  Pages pages = by(10);
  CHECK_EQ(pages.accept(*answer(client, pages.submit(client)))->size(), 10u);
  const std::uint64_t cursor = pages.cursor();
  test::faults(R"({"rules":[{"operation":"list_customers","times":1,"respond":{"status":500}}]})");
  const auto failed = answer(client, pages.submit(client));
  CHECK_EQ(failed->status(), Status::server);
  CHECK_EQ(pages.accept(*failed).status(), Status::no_value);
  CHECK_EQ(pages.cursor(), cursor);
  CHECK(!pages.is_over());
  CHECK_EQ(walk(client, pages).size(), 14u);
}

TEST(bad_walks_are_refused) {
  const Client client = test::client();
  const auto held = std::make_shared<int>(0);
  const auto refused = [&](const char* argument, const Pages& pages) {
    const auto result = pages.submit(client, [held](const Completion&) {});
    CHECK_EQ(result.status(), Status::invalid_argument);
    CHECK(result.error().find(argument) != std::string::npos);
    CHECK_EQ(held.use_count(), 1);
  };
  refused("limit", by(101));
  refused("order", by(5, static_cast<Order>(3)));
  PagesQuery query;
  query.search = "a\nb";
  refused("search", Pages(query));
  query.search = "";
  refused("search", Pages(query));
  CallOptions options;
  options.deadline = -1ms;
  CHECK_EQ(by(5).submit(client, {}, options).status(), Status::invalid_argument);
  CHECK_EQ(by(5).submit(Client()).status(), Status::invalid_handle);
  Pages pages = by(5);
  CHECK_EQ(pages.accept(Completion()).status(), Status::invalid_handle);
  CHECK_EQ(client.stats()->submitted, 0u);
}

TEST(a_bulk_of_any_size_is_created_in_pieces) {
  const Client client = test::client();
  const Wanted wanted(450);
  Bulk bulk(wanted.customers);
  CHECK_EQ(bulk.size(), 450u);
  const std::size_t progress[] = {200, 400, 450};
  std::size_t before = 0;
  for (const std::size_t after : progress) {
    CHECK(!bulk.is_over());
    CHECK_EQ(bulk.done(), before);
    const auto done = answer(client, bulk.submit(client));
    CHECK_EQ(done->info().operation, Operation::bulk_create_customers);
    const auto outcomes = bulk.accept(*done);
    REQUIRE(outcomes.ok());
    CHECK_EQ(outcomes->size(), after - before);
    check_created(*outcomes, wanted, before);
    before = after;
  }
  CHECK(bulk.is_over());
  CHECK_EQ(bulk.done(), 450u);
  CHECK_EQ(bulk.submit(client).status(), Status::no_value);
  CHECK_EQ(bulk.accept(Completion()).status(), Status::no_value);
  CHECK_EQ(test::requests_seen(), 3);
}

TEST(a_bulk_in_callbacks) {
  const Client client = test::client();
  const Wanted wanted(401);
  Bulk bulk(wanted.customers);
  std::function<void(const Completion&)> next = [&](const Completion& done) {
    const std::size_t from = bulk.done();
    const auto outcomes = bulk.accept(done);
    if (!outcomes) return test::fail(__FILE__, __LINE__, outcomes.error());
    check_created(*outcomes, wanted, from);
    if (!bulk.is_over()) CHECK(bulk.submit(client, next).ok());
  };
  REQUIRE(bulk.submit(client, next).ok());
  CHECK(test::poll_until(client, [&] { return bulk.is_over(); }));
}

TEST(only_the_text_of_a_bulk_is_borrowed) {
  const Client client = test::client();
  const std::string id = "76561198600000000";
  const auto make = [&id] {
    std::vector<CustomerFields> customers(1);
    customers[0].steam_id = id;
    customers[0].metadata = std::vector<MetadataEntry>{{"rank", "vip"}, {"kind", "bulk"}};
    return Bulk(customers);
  };
  Bulk made = make();
  Bulk bulk = std::move(made);
  const auto done = answer(client, bulk.submit(client));
  const auto outcomes = bulk.accept(*done);
  REQUIRE(outcomes.ok() && outcomes->size() == 1 && (*outcomes)[0].customer.has_value());
  CHECK_EQ((*outcomes)[0].customer->steam_id(), id);
  CHECK_EQ((*outcomes)[0].customer->metadata("rank"), "vip");
  CHECK_EQ((*outcomes)[0].customer->metadata("kind"), "bulk");
}

TEST(a_bulk_that_was_moved_goes_on_where_it_was) {
  const Client client = test::client();
  const Wanted wanted(250);
  Bulk first(wanted.customers);
  REQUIRE(first.accept(*answer(client, first.submit(client))).ok());
  Bulk second = std::move(first);
  CHECK_EQ(second.size(), 250u);
  CHECK_EQ(second.done(), 200u);
  // NOLINTNEXTLINE(bugprone-use-after-move): what is left of it is documented.
  CHECK_EQ(first.size(), 0u);
  CHECK(first.is_over());
  CHECK_EQ(first.submit(client).status(), Status::no_value);
  const auto done = answer(client, second.submit(client));
  const auto outcomes = second.accept(*done);
  REQUIRE(outcomes.ok());
  CHECK_EQ(outcomes->size(), 50u);
  check_created(*outcomes, wanted, 200);
}

TEST(each_customer_of_a_bulk_is_found_whatever_the_order) {
  const Client client = test::client();
  test::faults(R"({"rules":[{"operation":"bulk_create_customers","respond":{"status":200,"body":
    "[{\"id\":\"3\",\"name\":\"twin\"},{\"id\":\"2\",\"xbox_xuid\":\"2535432196048835\"},{\"id\":\"1\",\"name\":\"Olga\"}]"}}]})");
  std::vector<CustomerFields> customers(5);
  customers[0].name = "Olga";
  customers[1].xbox_xuid = "2535432196048835";
  customers[2].name = "twin";
  customers[3].name = "twin";
  customers[4].steam_id = "76561198600000000";
  Bulk bulk(customers.data(), customers.size());
  const auto done = answer(client, bulk.submit(client));
  const auto outcomes = bulk.accept(*done);
  REQUIRE(outcomes.ok() && outcomes->size() == 5);
  REQUIRE((*outcomes)[0].customer.has_value() && (*outcomes)[1].customer.has_value());
  CHECK_EQ((*outcomes)[0].customer->id(), "1");
  CHECK_EQ((*outcomes)[1].customer->id(), "2");
  for (const std::size_t index : {2u, 3u, 4u}) {
    CHECK_EQ((*outcomes)[index].state, BulkOutcome::State::unknown);
    CHECK(!(*outcomes)[index].customer.has_value());
    CHECK_EQ((*outcomes)[index].index, index);
  }
}

TEST(a_piece_that_fails_is_undone_only_if_that_is_sure) {
  const struct {
    std::string_view status;
    BulkOutcome::State state;
  } cases[] = {{"500", BulkOutcome::State::unknown}, {"401", BulkOutcome::State::failed}};
  for (const auto& each : cases) {
    test::admin("POST", "/_sandbox/reset", "{}");
    const Client client = asking_once();
    const Wanted wanted(450);
    Bulk bulk(wanted.customers);
    test::faults(R"({"rules":[{"operation":"bulk_create_customers","times":1,"delay_ms":0},
      {"operation":"bulk_create_customers","times":1,"respond":{"status":)" + std::string(each.status) + "}}]}");
    const auto first = answer(client, bulk.submit(client));
    check_created(*bulk.accept(*first), wanted, 0);
    const auto second = answer(client, bulk.submit(client));
    CHECK(!second->ok());
    const auto failed = bulk.accept(*second);
    REQUIRE(failed.ok() && failed->size() == 200);
    for (const BulkOutcome& outcome : *failed) {
      CHECK_EQ(outcome.state, each.state);
      CHECK(!outcome.customer.has_value());
    }
    CHECK_EQ(failed->back().index, 399u);
    const auto third = answer(client, bulk.submit(client));
    const auto outcomes = bulk.accept(*third);
    REQUIRE(outcomes.ok());
    check_created(*outcomes, wanted, 400);
    CHECK(bulk.is_over());
  }
}

TEST(a_bulk_of_none_is_over_at_once) {
  const Client client = test::client();
  Bulk none(nullptr, 0);
  CHECK(none.is_over());
  CHECK_EQ(none.size(), 0u);
  const auto held = std::make_shared<int>(0);
  CHECK_EQ(none.submit(client, [held](const Completion&) {}).status(), Status::no_value);
  CHECK_EQ(held.use_count(), 1);
  CHECK_EQ(client.stats()->submitted, 0u);
}

TEST(a_piece_with_a_bad_customer_is_refused_and_not_skipped) {
  const Client client = test::client();
  Wanted wanted(3);
  wanted.customers[1].steam_id = "x";
  Bulk bulk(wanted.customers);
  const auto refused = bulk.submit(client);
  CHECK_EQ(refused.status(), Status::invalid_argument);
  CHECK(refused.error().find("steam_id") != std::string::npos);
  CHECK_EQ(bulk.done(), 0u);
  bulk.skip(2);
  CHECK_EQ(bulk.done(), 2u);
  const auto done = answer(client, bulk.submit(client));
  const auto outcomes = bulk.accept(*done);
  REQUIRE(outcomes.ok() && outcomes->size() == 1);
  check_created(*outcomes, wanted, 2);
  CHECK_EQ(bulk.submit(Client()).status(), Status::no_value);
  // No further than to the end.
  Bulk other(wanted.customers);
  other.skip(1);
  other.skip(SIZE_MAX);
  CHECK_EQ(other.done(), 3u);
  CHECK(other.is_over());
  Bulk untouched(wanted.customers);
  CHECK_EQ(untouched.submit(Client()).status(), Status::invalid_handle);
  CHECK_EQ(untouched.accept(Completion()).status(), Status::invalid_handle);
  CHECK_EQ(untouched.done(), 0u);
}
