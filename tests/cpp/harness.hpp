// The little that these tests need of a framework: tests that register themselves, checks that say what they
// saw, and a client that talks to the sandbox. Works without exceptions and RTTI, because the tests must.

#ifndef TESTS_CPP_HARNESS_HPP
#define TESTS_CPP_HARNESS_HPP

#include <paynow_bridge.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>

namespace test {

/// Longer than anything takes on a busy machine; only a hang reaches it.
constexpr std::chrono::seconds patience(60);

struct Registration {
  Registration(const char* name, void (*body)());
};

void fail(const char* file, int line, const std::string& why);
/// Says that the test needs what is not there. It is to return then.
void skip(const std::string& why);

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

template <class T>
std::string show(const T& value) {
  if constexpr (is_optional<T>::value) {
    return value ? show(*value) : "nothing";
  } else if constexpr (std::is_same_v<T, paynow::Status>) {
    return std::to_string(static_cast<int>(value)) + " (" + paynow::text(value) + ")";
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<long long>(value));
  } else if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_same_v<T, std::nullopt_t>) {
    return "nothing";
  } else if constexpr (std::is_convertible_v<T, std::string_view>) {
    return "\"" + std::string(std::string_view(value)) + "\"";
  } else {
    std::ostringstream out;
    out << value;
    return out.str();
  }
}

template <class A, class B>
void equal(const char* file, int line, const char* what, const A& seen, const B& wanted) {
  if (!(seen == wanted)) fail(file, line, std::string(what) + " is " + show(seen) + ", not " + show(wanted));
}

// --- the sandbox ---

/// Where the sandbox is, from the environment.
const std::string& base();
const std::string& api_key();
const std::string& store_id();

paynow::Config config();
/// A client of its own for the test that calls.
paynow::Client client();
paynow::Client client(paynow::Config config);

/// Keeps what the library says, in a file that may hold no credential.
void keep_said(std::string_view text);

/// Polls until `done()`, within a limit.
bool poll_until(const paynow::Client& client, const std::function<bool()>& done);

/// A finished request that can be looked at after the fact.
struct Answer {
  paynow::Result<paynow::RequestId> submitted{paynow::Status::internal, "not submitted"};
  paynow::OwnedCompletion owned;
  const paynow::Completion& operator*() const { return *owned; }
  const paynow::Completion* operator->() const { return &*owned; }
};

/// Waits for the one request that is outstanding.
Answer answer(const paynow::Client& client, paynow::Result<paynow::RequestId> submitted);

/// Asks the sandbox itself, through a client of its own. Answers the body.
std::string admin(std::string_view method, std::string_view path, std::string_view json = {});
/// Lets the sandbox answer with faults.
void faults(std::string_view json);
/// How many API requests the sandbox has seen.
long long requests_seen();

}  // namespace test

#define TEST(name)                                              \
  static void name();                                           \
  static const ::test::Registration name##_registration(#name, &name); \
  static void name()

#define CHECK(...)                                              \
  do {                                                          \
    if (!(__VA_ARGS__)) ::test::fail(__FILE__, __LINE__, #__VA_ARGS__); \
  } while (false)

#define CHECK_EQ(seen, wanted) ::test::equal(__FILE__, __LINE__, #seen, (seen), (wanted))

#define REQUIRE(...)                                     \
  do {                                                   \
    if (!(__VA_ARGS__)) {                                \
      ::test::fail(__FILE__, __LINE__, #__VA_ARGS__);    \
      return;                                            \
    }                                                    \
  } while (false)

#endif
