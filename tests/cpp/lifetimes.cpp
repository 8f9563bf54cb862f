// Who lives how long: functions, clients, completions, handlers.

#include "harness.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <condition_variable>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <vector>

using namespace paynow;
using namespace std::literals;
using test::poll_until;

static_assert(!std::is_copy_constructible_v<Client> && !std::is_copy_assignable_v<Client>);
static_assert(std::is_nothrow_move_constructible_v<Client> && std::is_nothrow_move_assignable_v<Client>);
static_assert(!std::is_copy_constructible_v<OwnedCompletion> && !std::is_copy_assignable_v<OwnedCompletion>);
static_assert(std::is_nothrow_move_constructible_v<OwnedCompletion>);
static_assert(std::is_nothrow_move_assignable_v<OwnedCompletion>);

namespace {

const char* const notch = "421621336637440000";

/// What a function may hold. Counts its runs.
using Held = std::shared_ptr<std::vector<Status>>;

Held make_held() { return std::make_shared<std::vector<Status>>(); }

CompletionHandler holding(const Held& held) {
  return [held](const Completion& done) { held->push_back(done.status()); };
}

/// A flag one thread raises and others wait for.
class Gate {
 public:
  void open() {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }
  bool wait(std::chrono::milliseconds patience = test::patience) {
    std::unique_lock<std::mutex> lock(mutex_);
    return opened_.wait_for(lock, patience, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

}  // namespace

TEST(a_function_is_freed_after_the_answer) {
  const Client client = test::client();
  const Held held = make_held();
  REQUIRE(client.get_customer(notch, holding(held)).ok());
  CHECK_EQ(held.use_count(), 2);
  CHECK(poll_until(client, [&] { return !held->empty(); }));
  CHECK_EQ(held.use_count(), 1);
  CHECK_EQ(held->size(), 1u);
  CHECK_EQ(held->at(0), Status::ok);
}

TEST(a_function_is_freed_after_cancelling) {
  test::faults(R"({"hang":true})");
  const Client client = test::client();
  const Held held = make_held();
  const auto request = client.get_customer(notch, holding(held));
  REQUIRE(request.ok());
  CHECK(client.cancel(*request).ok());
  // Cancelling does not run or free it: that is for poll.
  CHECK_EQ(held.use_count(), 2);
  CHECK_EQ(client.poll().value_or(0), 1u);
  CHECK_EQ(held.use_count(), 1);
  REQUIRE(held->size() == 1);
  CHECK_EQ(held->at(0), Status::cancelled);
}

TEST(a_function_is_freed_after_the_deadline) {
  test::faults(R"({"hang":true})");
  const Client client = test::client();
  const Held held = make_held();
  CallOptions options;
  options.deadline = 20ms;
  REQUIRE(client.get_customer(notch, holding(held), options).ok());
  CHECK(poll_until(client, [&] { return !held->empty(); }));
  CHECK_EQ(held.use_count(), 1);
  REQUIRE(held->size() == 1);
  CHECK_EQ(held->at(0), Status::timeout);
}

TEST(functions_never_polled_run_when_the_client_goes) {
  test::faults(R"({"hang":true})");
  const Held held = make_held();
  {
    const Client client = test::client();
    for (int count = 0; count < 1000; ++count) REQUIRE(client.get_customer(notch, holding(held)).ok());
    CHECK_EQ(held.use_count(), 1001);
  }
  CHECK_EQ(held.use_count(), 1);
  CHECK_EQ(held->size(), 1000u);
  for (const Status status : *held) CHECK_EQ(status, Status::shutdown);
}

TEST(functions_run_when_the_client_is_shut_down) {
  test::faults(R"({"hang":true})");
  const Client client = test::client();
  const Held held = make_held();
  REQUIRE(client.get_customer(notch, holding(held)).ok());
  CHECK(client.shutdown().ok());
  CHECK_EQ(held.use_count(), 2);
  CHECK_EQ(client.poll().value_or(0), 1u);
  CHECK_EQ(held.use_count(), 1);
  REQUIRE(held->size() == 1);
  CHECK_EQ(held->at(0), Status::shutdown);
}

TEST(metrics_are_the_text_that_c_writes) {
  Client client = test::client();
  const auto request = client.get_customer(notch);
  REQUIRE(request.ok());
  REQUIRE(client.next(60000ms).ok());
  const auto text = client.metrics();
  REQUIRE(text.ok());
  CHECK(text->find("\npaynow_requests_submitted_total 1\n") != std::string::npos);
  CHECK(text->find("\npaynow_answer_seconds_count{operation=\"get_customer\",outcome=\"ok\"} 1\n") != std::string::npos);
  CHECK_EQ(text->substr(text->size() - 7), "\n# EOF\n");
  paynow::Player player;
  player.name = "Notch";
  paynow::CustomerFields fields;
  fields.name = "Another";
  for (const auto& submitted :
       {client.list_customers(), client.create_customer_token(notch), client.invalidate_customer_tokens(notch),
        client.get_current_customer("pnct_of_no_customer"), client.lookup_player(player), client.ensure_customer(player),
        client.token_for(player), client.update_customer(notch, fields)}) {
    REQUIRE(submitted.ok());
    REQUIRE(client.next(60000ms).ok());
  }
  const auto longer = client.metrics();
  REQUIRE(longer.ok());
  CHECK(longer->size() > 16 * 1024);
  CHECK_EQ(longer->substr(longer->size() - 7), "\n# EOF\n");
  const auto dump = client.dump();
  REQUIRE(dump.ok());
  CHECK_EQ(std::count(dump->begin(), dump->end(), '\n'), 10);
  CHECK(dump->find("{\"n\":9,\"operation\":\"update_customer\"") != std::string::npos);
  client = Client();
  CHECK_EQ(client.dump().status(), Status::invalid_handle);
  CHECK_EQ(client.metrics().status(), Status::invalid_handle);
}

TEST(next_hands_out_ownership) {
  const Client client = test::client();
  const Held held = make_held();
  const auto request = client.get_customer(notch, holding(held));
  REQUIRE(request.ok());
  auto next = client.next(60000ms);
  REQUIRE(next.ok() && *next);
  OwnedCompletion owned = std::move(next).value();
  CHECK_EQ(owned->info().request, *request);
  CHECK_EQ(client.stats()->outstanding, 1u);
  CHECK_EQ(held.use_count(), 2);

  OwnedCompletion moved = std::move(owned);
  CHECK(!owned);
  CHECK_EQ(owned->status(), Status::invalid_handle);
  CHECK(moved->ok());
  const Completion view = *moved;
  const auto customer = moved->customer();
  REQUIRE(customer.has_value());
  CHECK_EQ(customer->id(), notch);

  OwnedCompletion assigned;
  CHECK(!assigned);
  assigned = std::move(moved);
  CHECK(assigned->ok());
  assigned.reset();
  CHECK(!assigned);
  // The function went without having run, and the view finds nothing any more.
  CHECK_EQ(held.use_count(), 1);
  CHECK(held->empty());
  CHECK_EQ(view.status(), Status::invalid_handle);
  CHECK_EQ(customer->metadata().size(), 2u);
  CHECK_EQ(customer->metadata()[0].key, "");
  CHECK_EQ(client.stats()->outstanding, 0u);

  CHECK(!*client.next());
}

TEST(next_in_batches) {
  const Client client = test::client();
  for (int count = 0; count < 10; ++count) REQUIRE(client.get_customer(notch).ok());
  std::vector<OwnedCompletion> all;
  while (all.size() < 10) {
    auto batch = client.next_batch(4, 60000ms);
    REQUIRE(batch.ok() && !batch->empty());
    CHECK(batch->size() <= 4);
    for (OwnedCompletion& each : *batch) all.push_back(std::move(each));
  }
  CHECK_EQ(client.stats()->outstanding, 10u);
  for (const OwnedCompletion& each : all) CHECK(each->ok());
  all.clear();
  CHECK_EQ(client.stats()->outstanding, 0u);
  CHECK(client.next_batch(4)->empty());
}

TEST(a_completion_given_up_is_owed_to_c) {
  const Client client = test::client();
  auto done = test::answer(client, client.get_customer(notch));
  const paynow_completion id = done.owned.release();
  CHECK(!done.owned);
  CHECK_EQ(client.stats()->outstanding, 1u);
  CHECK_EQ(paynow_completion_free(id), PAYNOW_OK);
  CHECK_EQ(client.stats()->outstanding, 0u);
}

TEST(a_completion_may_outlive_its_client) {
  const Held held = make_held();
  OwnedCompletion owned;
  {
    const Client client = test::client();
    REQUIRE(client.get_customer(notch, holding(held)).ok());
    auto next = client.next(60000ms);
    REQUIRE(next.ok() && *next);
    owned = std::move(next).value();
    CHECK(owned->ok());
  }
  CHECK_EQ(held.use_count(), 1);
  CHECK(owned);
  CHECK_EQ(owned->status(), Status::invalid_handle);
  owned.reset();
}

TEST(a_view_finds_nothing_after_its_callback) {
  const Client client = test::client();
  Completion kept;
  std::string seen;
  REQUIRE(client
              .get_customer(notch,
                            [&](const Completion& done) {
                              kept = done;
                              seen = std::string(done.customer()->id());
                            })
              .ok());
  CHECK(poll_until(client, [&] { return !seen.empty(); }));
  CHECK_EQ(seen, notch);
  CHECK_EQ(kept.status(), Status::invalid_handle);
  CHECK(!kept.customer().has_value());
}

TEST(moving_a_client) {
  Client first = test::client();
  const Held held = make_held();
  REQUIRE(first.get_customer(notch, holding(held)).ok());
  Client second = std::move(first);
  CHECK(!first);
  CHECK(second);
  CHECK_EQ(first.poll().status(), Status::invalid_handle);
  CHECK(poll_until(second, [&] { return !held->empty(); }));

  // What is assigned over is destroyed; its requests end first.
  test::faults(R"({"hang":true})");
  const Held lost = make_held();
  REQUIRE(second.get_customer(notch, holding(lost)).ok());
  const paynow_client old = second.handle();
  second = test::client();
  REQUIRE(lost->size() == 1);
  CHECK_EQ(lost->at(0), Status::shutdown);
  CHECK_EQ(lost.use_count(), 1);
  CHECK_EQ(paynow_client_poll(old, 0, 0, nullptr), PAYNOW_E_INVALID_HANDLE);
  CHECK(second.poll().ok());

  Client& same = second;
  second = std::move(same);
  CHECK(second);
  CHECK(second.poll().ok());
  const paynow_client last = second.handle();
  second = Client();
  CHECK_EQ(paynow_client_poll(last, 0, 0, nullptr), PAYNOW_E_INVALID_HANDLE);
}

TEST(callbacks_may_submit_cancel_and_read_but_not_poll) {
  const Client client = test::client();
  Status poll = Status::ok, next = Status::ok, batch = Status::ok;
  bool stats = false, finished = false;
  REQUIRE(client
              .get_customer(notch,
                            [&](const Completion& done) {
                              poll = client.poll().status();
                              next = client.next().status();
                              batch = client.next_batch(2).status();
                              stats = client.stats().ok();
                              CHECK_EQ(client.cancel(done.info().request).status(), Status::too_late);
                              CHECK(client.create_customer_token(done.customer()->id(), [&](const Completion& minted) {
                                            CHECK(minted.token().has_value());
                                            finished = true;
                                          }).ok());
                            })
              .ok());
  CHECK(poll_until(client, [&] { return finished; }));
  CHECK_EQ(poll, Status::reentrant);
  CHECK_EQ(next, Status::reentrant);
  CHECK_EQ(batch, Status::reentrant);
  CHECK(stats);
}

TEST(destroy_in_a_callback) {
  test::faults(R"({"rules":[{"operation":"create_customer_token","hang":true}]})");
  const Client client = test::client();
  const Held held = make_held();
  Status destroyed = Status::ok;
  bool asked = false;
  REQUIRE(client.create_customer_token(notch, holding(held)).ok());
  REQUIRE(client
              .get_customer(notch,
                            [&](const Completion& done) {
                              destroyed = client.destroy().status();
                              // Not yet: the completion can still be read.
                              CHECK(done.customer().has_value());
                              CHECK(held->empty());
                              asked = true;
                            })
              .ok());
  CHECK(poll_until(client, [&] { return asked; }));
  CHECK_EQ(destroyed, Status::pending);
  REQUIRE(held->size() == 1);
  CHECK_EQ(held->at(0), Status::shutdown);
  CHECK_EQ(held.use_count(), 1);
  CHECK_EQ(client.poll().status(), Status::invalid_handle);
}

TEST(the_client_object_may_go_in_a_callback) {
  test::faults(R"({"rules":[{"operation":"create_customer_token","hang":true}]})");
  std::vector<std::string> lines;
  const auto logged = std::make_shared<int>(0);
  Config config = test::config();
  config.log_level = LogLevel::debug;
  config.on_log = [logged](LogLevel, std::string_view) { ++*logged; };
  auto client = std::make_unique<Client>(test::client(std::move(config)));
  const Held held = make_held();
  REQUIRE(client->create_customer_token(notch, holding(held)).ok());
  REQUIRE(client->get_customer(notch, [&](const Completion&) { client.reset(); }).ok());
  const auto give_up = std::chrono::steady_clock::now() + test::patience;
  while (client && std::chrono::steady_clock::now() < give_up) CHECK(client->poll().ok());
  CHECK(client == nullptr);
  REQUIRE(held->size() == 1);
  CHECK_EQ(held->at(0), Status::shutdown);
  CHECK_EQ(held.use_count(), 1);
  CHECK(*logged > 0);
  // The log handler went as well.
  CHECK_EQ(logged.use_count(), 1);
}

TEST(a_function_may_own_its_client) {
  auto client = std::make_shared<Client>(test::client());
  const std::weak_ptr<Client> watch = client;
  bool done = false;
  REQUIRE(client->get_customer(notch, [client, &done](const Completion&) { done = true; }).ok());
  const paynow_client handle = client->handle();
  const Client* const raw = client.get();
  client.reset();
  const auto give_up = std::chrono::steady_clock::now() + test::patience;
  // The last owner goes inside this poll, and the client with it.
  while (!watch.expired() && std::chrono::steady_clock::now() < give_up) CHECK(raw->poll().ok());
  CHECK(done);
  CHECK(watch.expired());
  CHECK_EQ(paynow_client_poll(handle, 0, 0, nullptr), PAYNOW_E_INVALID_HANDLE);
}

TEST(destroying_from_another_thread_waits_for_the_callback) {
  test::faults(R"({"rules":[{"operation":"create_customer_token","hang":true}]})");
  const Client client = test::client();
  Gate inside, leave;
  const Held held = make_held();
  REQUIRE(client.create_customer_token(notch, holding(held)).ok());
  REQUIRE(client
              .get_customer(notch,
                            [&](const Completion&) {
                              inside.open();
                              leave.wait();
                            })
              .ok());
  bool busy = false;
  std::thread destroyer([&] {
    CHECK(inside.wait());
    busy = client.poll().status() == Status::busy;
    leave.open();
    const auto destroyed = client.destroy();
    CHECK(destroyed.ok() || destroyed.status() == Status::invalid_handle);
  });
  while (client.poll().ok()) std::this_thread::yield();
  destroyer.join();
  CHECK(busy);
  REQUIRE(held->size() == 1);
  CHECK_EQ(held->at(0), Status::shutdown);
  CHECK_EQ(held.use_count(), 1);
}

TEST(nothing_runs_any_more_when_destroy_has_returned) {
  test::faults(R"({"rules":[{"operation":"create_customer_token","hang":true}]})");
  const Client client = test::client();
  Gate inside, returned;
  bool ran_on = false;
  REQUIRE(client
              .create_customer_token(notch,
                                     [&](const Completion&) {
                                       // Gives the other thread the time to return too early, if that is what it does.
                                       ran_on = returned.wait(500ms);
                                     })
              .ok());
  REQUIRE(client
              .get_customer(notch,
                            [&](const Completion&) {
                              inside.open();
                              // Until the other thread is inside destroy, and a little longer: whichever thread
                              // then does the work, the test holds, but this one is the likelier to be wrong.
                              while (client.get_customer("").status() != Status::shutdown) std::this_thread::yield();
                              std::this_thread::sleep_for(5ms);
                            })
              .ok());
  std::thread destroyer([&] {
    CHECK(inside.wait());
    CHECK(client.destroy().ok());
    returned.open();
  });
  while (client.poll().ok()) std::this_thread::yield();
  destroyer.join();
  CHECK(!ran_on);
}

TEST(what_has_no_function_goes_to_the_client) {
  int runs = 0;
  const auto held = std::make_shared<int>(0);
  {
    Config config = test::config();
    config.on_completion = [&runs, held](const Completion& done) {
      CHECK(done.ok());
      ++runs;
    };
    const Client client = test::client(std::move(config));
    CHECK_EQ(held.use_count(), 2);
    REQUIRE(client.get_customer(notch).ok());
    const Held own = make_held();
    REQUIRE(client.get_customer(notch, holding(own)).ok());
    CHECK(poll_until(client, [&] { return runs == 1 && own->size() == 1; }));
    CHECK_EQ(client.stats()->discarded, 0u);
  }
  CHECK_EQ(held.use_count(), 1);

  const Client silent = test::client();
  REQUIRE(silent.get_customer(notch).ok());
  CHECK(poll_until(silent, [&] { return silent.stats()->discarded == 1; }));
}

TEST(poll_keeps_to_count_and_budget) {
  test::faults(R"({"hang":true})");
  const Client client = test::client();
  const Held held = make_held();
  for (int count = 0; count < 10; ++count) REQUIRE(client.get_customer(notch, holding(held)).ok());
  CHECK_EQ(*client.cancel_all(0), 10u);
  CHECK_EQ(*client.poll(3), 3u);
  CHECK_EQ(held->size(), 3u);
  REQUIRE(client.shutdown().ok());
  CHECK(*client.poll(0, 1us) >= 1u);
  CHECK(client.poll().ok());
  CHECK_EQ(held->size(), 10u);
}

TEST(cancel_by_tag) {
  test::faults(R"({"hang":true})");
  const Client client = test::client();
  const Held player = make_held(), others = make_held();
  CallOptions tagged;
  tagged.tag = 7;
  for (int count = 0; count < 3; ++count) {
    REQUIRE(client.get_customer(notch, holding(player), tagged).ok());
    REQUIRE(client.get_customer(notch, holding(others)).ok());
  }
  CHECK_EQ(*client.cancel_all(7), 3u);
  CHECK_EQ(*client.cancel_all(7), 0u);
  CHECK_EQ(*client.poll(), 3u);
  CHECK_EQ(player->size(), 3u);
  CHECK_EQ(others->size(), 0u);
  CHECK_EQ(player.use_count(), 1);
  CHECK_EQ(others.use_count(), 4);
}

TEST(the_log_reaches_its_handler) {
  std::vector<std::pair<LogLevel, std::string>> lines;
  Config config = test::config();
  config.log_level = LogLevel::debug;
  config.on_log = [&](LogLevel level, std::string_view line) { lines.emplace_back(level, line); };
  const Client client = test::client(std::move(config));
  const Held held = make_held();
  REQUIRE(client.get_customer(notch, holding(held)).ok());
  CHECK(poll_until(client, [&] { return !held->empty() && !lines.empty(); }));
  bool named = false;
  for (const auto& [level, line] : lines) {
    CHECK(level >= LogLevel::error && level <= LogLevel::debug);
    CHECK(line.find('\n') == std::string::npos);
    CHECK(line.find(test::api_key()) == std::string::npos);
    named = named || line.find("get_customer") != std::string::npos;
  }
  CHECK(named);
}

TEST(two_clients_do_not_notice_each_other) {
  Client one = test::client();
  const Client two = test::client();
  CHECK(one.handle() != two.handle());
  const Held held = make_held();
  test::faults(R"({"rules":[{"operation":"get_customer","hang":true}]})");
  REQUIRE(one.get_customer(notch, holding(held)).ok());
  one = Client();
  CHECK_EQ(held->size(), 1u);
  CHECK_EQ(test::answer(two, two.create_customer_token(notch))->status(), Status::ok);
}

TEST(submitting_from_many_threads) {
  const Client client = test::client();
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int count = 0; count < 50; ++count) {
        CHECK(client.get_customer(notch, [&](const Completion& each) {
                      if (each.ok()) ++done;
                    }).ok());
      }
    });
  }
  CHECK(poll_until(client, [&] { return done == 200; }));
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(client.stats()->outstanding, 0u);
}

TEST(versions_and_words) {
  CHECK(!version().empty());
  CHECK_EQ(std::string_view(text(Status::timeout)), paynow_status_text(PAYNOW_E_TIMEOUT));
  CHECK(!std::string_view(text(Status::abi_mismatch)).empty());
  CHECK(!std::string_view(text(static_cast<Status>(9999))).empty());
}

TEST(results) {
  Result<std::string> good("yes"s);
  CHECK(good.ok() && good);
  CHECK_EQ(good.status(), Status::ok);
  CHECK_EQ(good.error(), "");
  CHECK_EQ(good->size(), 3u);
  const std::string taken = *std::move(good);
  CHECK_EQ(taken, "yes");
  const Result<std::string> bad(Status::timeout, "no");
  CHECK(!bad);
  CHECK_EQ(bad.value_or("else"), "else");
  CHECK_EQ(bad.status(), Status::timeout);
  CHECK_EQ(bad.error(), "no");
  CHECK(Result<void>().ok());
  CHECK(!Result<void>(Status::busy, "busy").ok());
}

#if PAYNOW_HPP_EXCEPTIONS

TEST(an_exception_ends_at_the_boundary) {
  std::vector<std::string> heard;
  bool log_throws = false;
  Config config = test::config();
  config.log_level = LogLevel::debug;
  config.on_log = [&](LogLevel, std::string_view) {
    if (log_throws) throw std::runtime_error("log");
  };
  config.on_completion = [](const Completion&) { throw std::runtime_error("client"); };
  config.on_exception = [&](std::exception_ptr thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
      heard.push_back(error.what());
    } catch (...) {
      heard.push_back("something");
    }
    throw 7;  // It is not reported, and nothing ends.
  };
  const Client client = test::client(std::move(config));
  const Held held = make_held();
  REQUIRE(client.get_customer(notch, [held](const Completion&) { throw std::runtime_error("call"); }).ok());
  CHECK(poll_until(client, [&] { return client.callback_exceptions() == 1; }));
  CHECK_EQ(held.use_count(), 1);
  REQUIRE(client.get_customer(notch).ok());
  CHECK(poll_until(client, [&] { return client.callback_exceptions() == 2; }));
  REQUIRE(client.get_customer(notch, [](const Completion&) { throw 5; }).ok());
  CHECK(poll_until(client, [&] { return client.callback_exceptions() == 3; }));
  CHECK_EQ(heard.size(), 3u);
  REQUIRE(heard.size() == 3);
  CHECK_EQ(heard[0], "call");
  CHECK_EQ(heard[1], "client");
  CHECK_EQ(heard[2], "something");
  log_throws = true;
  REQUIRE(client.get_customer(notch, holding(held)).ok());
  CHECK(poll_until(client, [&] { return !held->empty() && heard.size() > 3; }));
  CHECK_EQ(heard.back(), "log");
}

TEST(exceptions_without_a_handler_are_counted) {
  test::faults(R"({"hang":true})");
  Client client = test::client();
  const Held held = make_held();
  REQUIRE(client.get_customer(notch, [held](const Completion&) { throw std::runtime_error("x"); }).ok());
  REQUIRE(client.get_customer(notch, holding(held)).ok());
  CHECK_EQ(*client.cancel_all(0), 2u);
  CHECK_EQ(client.poll().value_or(0), 2u);
  CHECK_EQ(client.callback_exceptions(), 1u);
  // The one after it ran all the same.
  CHECK_EQ(held->size(), 1u);
  REQUIRE(client.get_customer(notch, [held](const Completion&) { throw std::runtime_error("x"); }).ok());
  client = Client();
  CHECK_EQ(held.use_count(), 1);
}

#endif
