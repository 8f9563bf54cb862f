/*
 * paynow-bridge for C++17: the functions of paynow_bridge.h with objects that clean up after themselves.
 *
 * Header only: include it and link the library. Works with and without exceptions and RTTI.
 *
 *     paynow::Config config;
 *     config.store_id = "411486491630370816";
 *     config.api_key_env = "PAYNOW_API_KEY";
 *     const auto client = paynow::Client::create(std::move(config));
 *     if (!client) return report(client.error());
 *     const auto sent = client->lookup_customer(paynow::LookupQuery::by_minecraft_java_name("Notch"),
 *                                               [](const paynow::Completion& done) { greet(done.customer()); });
 *     if (!sent) return report(sent.error());
 *     // once a tick:
 *     (void)client->poll();
 *
 * CONVENTIONS, on top of those at the head of paynow_bridge.h
 *
 * Waiting     Operations, cancel, cancel_all, poll and every accessor never wait. An operation with a function
 *             costs an allocation or two of the host's own for that function, and a failure one for its text.
 * Threads     Every member function of Client may be called from any thread, also at the same time; poll and next
 *             go one thread at a time. Moving, assigning and destroying a Client object is for one thread alone.
 * Functions   What is given to an operation, and the handlers in Config, run only inside poll, next, destroy and
 *             ~Client, on the thread that is inside, and are destroyed there or where an OwnedCompletion is. A
 *             function given to an operation runs at most once and is destroyed exactly once, whatever happens:
 *             answered, cancelled, refused, destroyed, never polled.
 * Exceptions  The library throws none; only memory running out does. One that escapes from a function of the host
 *             ends at the boundary: Config::on_exception hears of it, Client::callback_exceptions counts it.
 * Views       std::string_view in: copied before the function returns. An optional one without a value is "not
 *             given". std::string_view out: borrowed from the completion, ends in NUL (data() is a C string).
 *             Completion, Customer and the other views do not own; use them in the callback, or while their
 *             OwnedCompletion lives. A view that is used later answers "nothing" or Status::invalid_handle, but a
 *             string_view taken from it dangles.
 * Errors      Result says whether it worked; status() and error() say why not. Nothing else reports errors.
 */

#ifndef PAYNOW_BRIDGE_HPP
#define PAYNOW_BRIDGE_HPP

// MSVC keeps __cplusplus at 1998 unless it is told otherwise.
#if (defined(_MSVC_LANG) && _MSVC_LANG < 201703L) || (!defined(_MSVC_LANG) && __cplusplus < 201703L)
#error "paynow_bridge.hpp needs C++17: compile with -std=c++17 or newer, with MSVC /std:c++17"
#else

#include "paynow_bridge.h"

#include <atomic>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__cpp_exceptions) || defined(__EXCEPTIONS) || defined(_CPPUNWIND)
#define PAYNOW_HPP_EXCEPTIONS 1
#else
#define PAYNOW_HPP_EXCEPTIONS 0
#endif

namespace paynow {

// Files compiled with and without exceptions may end up in one program. They must not share the functions
// below: the linker would keep one of the two, and half the program would lose its guard.
#if PAYNOW_HPP_EXCEPTIONS
inline namespace with_exceptions {
#else
inline namespace without_exceptions {
#endif

// ---------------------------------------------------------------------------------------------------------
// Words
// ---------------------------------------------------------------------------------------------------------

/// How a call or a request ended. The numbers are those of PAYNOW_OK and PAYNOW_E_*; newer libraries may know
/// more of them.
enum class Status : paynow_status {
  /// The loaded library has another interface than this header. Only Client::create answers it.
  abi_mismatch = -1,
  ok = PAYNOW_OK,
  invalid_argument = PAYNOW_E_INVALID_ARGUMENT,
  invalid_handle = PAYNOW_E_INVALID_HANDLE,
  queue_full = PAYNOW_E_QUEUE_FULL,
  shutdown = PAYNOW_E_SHUTDOWN,
  reentrant = PAYNOW_E_REENTRANT,
  busy = PAYNOW_E_BUSY,
  pending = PAYNOW_E_PENDING,
  forked = PAYNOW_E_FORKED,
  no_api_key = PAYNOW_E_NO_API_KEY,
  no_value = PAYNOW_E_NO_VALUE,
  resources = PAYNOW_E_RESOURCES,
  too_late = PAYNOW_E_TOO_LATE,
  internal = PAYNOW_E_INTERNAL,
  timeout = PAYNOW_E_TIMEOUT,
  cancelled = PAYNOW_E_CANCELLED,
  resolve = PAYNOW_E_RESOLVE,
  connect = PAYNOW_E_CONNECT,
  tls = PAYNOW_E_TLS,
  transport = PAYNOW_E_TRANSPORT,
  response_too_large = PAYNOW_E_RESPONSE_TOO_LARGE,
  invalid_response = PAYNOW_E_INVALID_RESPONSE,
  unavailable = PAYNOW_E_UNAVAILABLE,
  unauthorized = PAYNOW_E_UNAUTHORIZED,
  forbidden = PAYNOW_E_FORBIDDEN,
  not_found = PAYNOW_E_NOT_FOUND,
  conflict = PAYNOW_E_CONFLICT,
  rate_limited = PAYNOW_E_RATE_LIMITED,
  api = PAYNOW_E_API,
  server = PAYNOW_E_SERVER,
};

/// Which operation a completion belongs to.
enum class Operation : paynow_operation {
  list_customers = PAYNOW_OP_LIST_CUSTOMERS,
  create_customer = PAYNOW_OP_CREATE_CUSTOMER,
  get_customer = PAYNOW_OP_GET_CUSTOMER,
  update_customer = PAYNOW_OP_UPDATE_CUSTOMER,
  create_customer_token = PAYNOW_OP_CREATE_CUSTOMER_TOKEN,
  invalidate_customer_tokens = PAYNOW_OP_INVALIDATE_CUSTOMER_TOKENS,
  lookup_customer = PAYNOW_OP_LOOKUP_CUSTOMER,
  bulk_create_customers = PAYNOW_OP_BULK_CREATE_CUSTOMERS,
  authenticate_customer = PAYNOW_OP_AUTHENTICATE_CUSTOMER,
  get_current_customer = PAYNOW_OP_GET_CURRENT_CUSTOMER,
  lookup_giftcard = PAYNOW_OP_LOOKUP_GIFTCARD,
  request = PAYNOW_OP_REQUEST,
  ensure_customer = PAYNOW_OP_ENSURE_CUSTOMER,
  token_for = PAYNOW_OP_TOKEN_FOR,
};

/// Where an account to be authenticated is.
enum class Platform : std::int32_t {
  steam = PAYNOW_PLATFORM_STEAM,
  minecraft = PAYNOW_PLATFORM_MINECRAFT,
  paynow_name = PAYNOW_PLATFORM_PAYNOW_NAME,
  paynow = PAYNOW_PLATFORM_PAYNOW,
  minecraft_java_name = PAYNOW_PLATFORM_MINECRAFT_JAVA_NAME,
  minecraft_bedrock_name = PAYNOW_PLATFORM_MINECRAFT_BEDROCK_NAME,
  xbox_xuid = PAYNOW_PLATFORM_XBOX_XUID,
  minecraft_uuid = PAYNOW_PLATFORM_MINECRAFT_UUID,
};

/// Which edition of Minecraft a customer plays.
enum class MinecraftPlatform : std::int32_t {
  /// "unknown", or a value newer than the library.
  unknown = PAYNOW_MINECRAFT_UNKNOWN,
  java = PAYNOW_MINECRAFT_JAVA,
  bedrock = PAYNOW_MINECRAFT_BEDROCK,
};

/// In what order customers are listed.
enum class Order : std::int32_t {
  /// The API's own.
  api_default = PAYNOW_ORDER_DEFAULT,
  /// Oldest first.
  ascending = PAYNOW_ORDER_ASCENDING,
  /// Newest first.
  descending = PAYNOW_ORDER_DESCENDING,
};

/// Who goes first when workers are scarce.
enum class Priority : std::int32_t {
  /// A player waits at a prompt.
  interactive = PAYNOW_PRIORITY_INTERACTIVE,
  /// An import, a warm-up: no player waits.
  background = PAYNOW_PRIORITY_BACKGROUND,
};

/// How a raw request proves who sends it.
enum class Auth : std::int32_t {
  none = PAYNOW_AUTH_NONE,
  api_key = PAYNOW_AUTH_API_KEY,
  customer = PAYNOW_AUTH_CUSTOMER,
};

/// Whether a request reached the server.
enum class Sent : std::int32_t {
  /// It surely never left: repeating it is safe.
  never = PAYNOW_SENT_NEVER,
  /// It left, wholly or in part; whether the server acted on it is unknown.
  maybe = PAYNOW_SENT_MAYBE,
  /// The server answered.
  answered = PAYNOW_SENT_ANSWERED,
};

/// Where an answer comes from.
enum class Source : std::int32_t {
  /// The API, asked for this request.
  network = PAYNOW_SOURCE_NETWORK,
  /// The API, asked for another request that wanted to know the same.
  shared = PAYNOW_SOURCE_SHARED,
  /// The client's memory.
  cache = PAYNOW_SOURCE_CACHE,
  /// The client's memory, because the API could not be asked: it may have changed meanwhile.
  stale_cache = PAYNOW_SOURCE_STALE_CACHE,
  /// Another server of the network, which asked the API lately.
  other_server = PAYNOW_SOURCE_OTHER_SERVER,
};

/// How important a line for the host's log is.
enum class LogLevel : std::int32_t {
  /// Something is broken and stays so until someone acts.
  error = PAYNOW_LOG_ERROR,
  /// Something does not work at the moment.
  warn = PAYNOW_LOG_WARN,
  /// Something changed.
  info = PAYNOW_LOG_INFO,
  /// How each single request went.
  debug = PAYNOW_LOG_DEBUG,
};

/// Names a request from its submission until its completion is freed.
enum class RequestId : paynow_request_id {
  /// Never a request.
  none = 0,
};

/// Switches off what has a default other than off; as a duration std::chrono::milliseconds(off).
inline constexpr std::uint32_t off = PAYNOW_OFF;

/// What a client has done and is doing: see paynow_stats.
using Stats = paynow_stats;

/// The status in words, for a log. Static, never null. Any thread, never waits.
inline const char* text(Status status) noexcept {
  if (status == Status::abi_mismatch) return "the loaded paynow-bridge has another interface than its header";
  return paynow_status_text(static_cast<paynow_status>(status));
}

/// Version of the loaded library, such as "0.2.0". Any thread, never waits.
inline std::string_view version() noexcept { return paynow_version(); }

// ---------------------------------------------------------------------------------------------------------
// Result
// ---------------------------------------------------------------------------------------------------------

/// A value, or why it is missing. Belongs to its holder; knows nothing of threads or of its client.
template <class T>
class [[nodiscard]] Result {
 public:
  /// It worked.
  Result(T value) : value_(std::move(value)) {}
  /// It did not: `status` is not Status::ok.
  Result(Status status, std::string error) : status_(status), error_(std::move(error)) {}

  /// Whether there is a value.
  bool ok() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  /// Status::ok, or why not.
  Status status() const noexcept { return status_; }
  /// What went wrong in a sentence that names the argument; empty when nothing did. Holds no secret.
  const std::string& error() const noexcept { return error_; }

  /// The value. There must be one.
  T& value() & noexcept { return assert(ok()), *value_; }
  const T& value() const& noexcept { return assert(ok()), *value_; }
  T&& value() && noexcept { return assert(ok()), std::move(*value_); }
  T& operator*() & noexcept { return value(); }
  const T& operator*() const& noexcept { return value(); }
  T&& operator*() && noexcept { return std::move(*this).value(); }
  T* operator->() noexcept { return &value(); }
  const T* operator->() const noexcept { return &value(); }
  /// The value, or `other`.
  T value_or(T other) const& { return ok() ? *value_ : std::move(other); }

 private:
  std::optional<T> value_;
  Status status_ = Status::ok;
  std::string error_;
};

/// Whether it worked, and why not.
template <>
class [[nodiscard]] Result<void> {
 public:
  /// It worked.
  Result() = default;
  /// It did not: `status` is not Status::ok.
  Result(Status status, std::string error) : status_(status), error_(std::move(error)) {}

  /// Whether it worked.
  bool ok() const noexcept { return status_ == Status::ok; }
  explicit operator bool() const noexcept { return ok(); }
  /// Status::ok, or why not.
  Status status() const noexcept { return status_; }
  /// What went wrong in a sentence; empty when nothing did. Holds no secret.
  const std::string& error() const noexcept { return error_; }

 private:
  Status status_ = Status::ok;
  std::string error_;
};

// ---------------------------------------------------------------------------------------------------------
// Inputs. All text is borrowed: it must live until the function it is given to has returned.
// ---------------------------------------------------------------------------------------------------------

/// A field that can be left out, set to null or set to a value. `{}` leaves it out, `nullptr` is null.
template <class T>
class Field {
 public:
  /// Not mentioned: an update leaves it as it is.
  constexpr Field() noexcept = default;
  constexpr Field(std::nullopt_t) noexcept {}
  /// Explicitly null: an update removes it.
  constexpr Field(std::nullptr_t) noexcept : null_(true) {}
  /// A value. Not a temporary std::string: it would be gone before the field is read.
  template <class U,
            std::enable_if_t<std::is_convertible_v<U&&, T> && !std::is_same_v<std::decay_t<U>, Field> &&
                                 !std::is_same_v<std::decay_t<U>, std::nullptr_t> &&
                                 !std::is_same_v<std::decay_t<U>, std::nullopt_t> &&
                                 !std::is_same_v<std::remove_const_t<U>, std::string>,
                             int> = 0>
  constexpr Field(U&& value) : value_(T(std::forward<U>(value))) {}
  /// A value, or left out.
  constexpr Field(std::optional<T> value) : value_(std::move(value)) {}

  constexpr bool is_absent() const noexcept { return !null_ && !value_; }
  constexpr bool is_null() const noexcept { return null_; }
  /// The value, or nullptr.
  constexpr const T* value() const noexcept { return value_ ? &*value_ : nullptr; }

 private:
  std::optional<T> value_;
  bool null_ = false;
};

/// One entry of a customer's metadata. As an output it is borrowed from the completion.
struct MetadataEntry {
  std::string_view key;
  std::string_view value;
};

/// What a customer is created with or changed to. Steam id and Minecraft platform cannot be null.
struct CustomerFields {
  /// SteamID64.
  Field<std::string_view> steam_id{};
  /// Minecraft UUID, with or without dashes.
  Field<std::string_view> minecraft_uuid{};
  /// Edition of Minecraft.
  Field<MinecraftPlatform> minecraft_platform{};
  /// Xbox XUID in decimal digits.
  Field<std::string_view> xbox_xuid{};
  /// Display name of the customer.
  Field<std::string_view> name{};
  /// Data to attach; an empty vector is the empty set.
  Field<std::vector<MetadataEntry>> metadata{};
};

/// Which customers to list, and in what order.
struct ListQuery {
  /// 1 to 100 customers.
  std::optional<std::uint32_t> limit{};
  /// Only customers after the one with this id.
  std::optional<std::string_view> after{};
  /// Only customers before the one with this id.
  std::optional<std::string_view> before{};
  /// In what order.
  Order order = Order::api_default;
  /// Text to search for.
  std::optional<std::string_view> search{};
  /// Only the customers with these ids, 1 to 100. Ids of no customer are left out of the answer. Without a limit as many
  /// are asked for as there are ids.
  std::optional<std::vector<std::string_view>> customer_ids{};
};

/// Which customers Pages walks through, and how.
struct PagesQuery {
  /// Customers a page, 1 to 100; 0 is 100.
  std::uint32_t limit = 0;
  /// Order::descending is newest first; oldest first otherwise.
  Order order = Order::api_default;
  /// Text to search for.
  std::optional<std::string_view> search{};
  /// Id of the customer the walk begins behind, such as Pages::cursor() of an earlier one; 0 for the first.
  std::uint64_t after = 0;
};

/// What a customer is looked up by: exactly one has a value.
struct LookupQuery {
  /// PayNow's id of the customer.
  std::optional<std::string_view> id{};
  /// SteamID64.
  std::optional<std::string_view> steam_id{};
  /// Minecraft UUID, with or without dashes. Misses in offline-mode stores.
  std::optional<std::string_view> minecraft_uuid{};
  /// Xbox XUID in decimal digits: right for Bedrock players, whose names have prefixes.
  std::optional<std::string_view> xbox_xuid{};
  /// Name of a Java (or offline-mode) player.
  std::optional<std::string_view> minecraft_java_name{};
  /// Gamertag of a Bedrock player, without the server's prefix.
  std::optional<std::string_view> minecraft_bedrock_name{};
  /// Name set on the customer itself; profile names are not matched.
  std::optional<std::string_view> name{};

  static LookupQuery by_id(std::string_view value) { return with(&LookupQuery::id, value); }
  static LookupQuery by_steam_id(std::string_view value) { return with(&LookupQuery::steam_id, value); }
  static LookupQuery by_minecraft_uuid(std::string_view value) {
    return with(&LookupQuery::minecraft_uuid, value);
  }
  static LookupQuery by_xbox_xuid(std::string_view value) { return with(&LookupQuery::xbox_xuid, value); }
  static LookupQuery by_minecraft_java_name(std::string_view value) {
    return with(&LookupQuery::minecraft_java_name, value);
  }
  static LookupQuery by_minecraft_bedrock_name(std::string_view value) {
    return with(&LookupQuery::minecraft_bedrock_name, value);
  }
  static LookupQuery by_name(std::string_view value) { return with(&LookupQuery::name, value); }

 private:
  static LookupQuery with(std::optional<std::string_view> LookupQuery::*key, std::string_view value) {
    LookupQuery query;
    query.*key = value;
    return query;
  }
};

/// What the host knows of a player. The strongest key wins: Steam, XUID, UUID, name. A Floodgate UUID is read as the
/// XUID it holds, a UUID made in offline mode is left for the name, a name with the Bedrock prefix is a gamertag.
struct Player {
  /// SteamID64.
  std::optional<std::string_view> steam_id{};
  /// Xbox XUID in decimal digits.
  std::optional<std::string_view> xbox_xuid{};
  /// Minecraft UUID as the server knows it.
  std::optional<std::string_view> minecraft_uuid{};
  /// Name in the game.
  std::optional<std::string_view> name{};
};

/// Who wants to be authenticated in the storefront.
struct Authentication {
  /// Where the account is.
  Platform platform = Platform::steam;
  /// Which account: what the platform calls it. Required.
  std::string_view id{};
  /// The player's IPv4 or IPv6 address, without port or brackets. Required.
  std::string_view customer_ip{};
  /// The player's country, two capital letters (ISO 3166-1 alpha-2).
  std::optional<std::string_view> customer_countrycode{};
};

/// Which gift card to look up, and who asks.
struct GiftCardQuery {
  /// Token of the customer who asks. Required.
  std::string_view customer_token{};
  /// The code on the card. Required.
  std::string_view code{};
};

/// Any other operation of the API.
struct RawRequest {
  /// "GET", "POST", "PUT", "PATCH" or "DELETE". Required.
  std::string_view method{};
  /// Path and query, percent-encoded; `{store_id}` is replaced by the client's. Segments `.` and `..` are refused, also
  /// percent-encoded. Required.
  std::string_view path{};
  /// A JSON document to send.
  std::optional<std::string_view> json{};
  /// Who sends it.
  Auth auth = Auth::api_key;
  /// The token for Auth::customer.
  std::optional<std::string_view> customer_token{};
};

/// How one request differs from the others.
struct CallOptions {
  /// Until when it may take, from now to its completion; 0 is the client's default.
  std::chrono::milliseconds deadline{0};
  /// Who goes first when workers are scarce.
  Priority priority = Priority::interactive;
  /// What Client::cancel_all finds it by: a player, a plugin.
  std::uint64_t tag = 0;
};

// ---------------------------------------------------------------------------------------------------------
// Outputs
// ---------------------------------------------------------------------------------------------------------

namespace detail {

inline std::optional<std::string_view> view(const char* text) noexcept {
  if (text == nullptr) return std::nullopt;
  return std::string_view(text);
}

inline std::string_view view_or_empty(const char* text) noexcept {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

template <class T>
T sized() noexcept {
  T value{};
  value.struct_size = static_cast<std::uint32_t>(sizeof(T));
  return value;
}

/// A length is 0 both for "ends in NUL" and for "empty", and the bytes behind an empty view need not be NUL.
inline void lend(const char*& pointer, std::size_t& length, std::string_view text) noexcept {
  pointer = text.empty() ? "" : text.data();
  length = text.size();
}

inline void lend(const char*& pointer, std::size_t& length,
                 const std::optional<std::string_view>& text) noexcept {
  if (text) lend(pointer, length, *text);
}

/// Walks `count` things that `get(owner, index)` makes on the way.
template <class Owner, class Item, Item (*get)(const Owner&, std::size_t)>
class Range {
 public:
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Item;
    using difference_type = std::ptrdiff_t;
    using pointer = const Item*;
    using reference = Item;

    iterator(const Owner& owner, std::size_t index) : owner_(owner), index_(index) {}
    Item operator*() const { return get(owner_, index_); }
    iterator& operator++() {
      ++index_;
      return *this;
    }
    iterator operator++(int) {
      iterator before = *this;
      ++index_;
      return before;
    }
    bool operator==(const iterator& other) const noexcept { return index_ == other.index_; }
    bool operator!=(const iterator& other) const noexcept { return index_ != other.index_; }

   private:
    Owner owner_;
    std::size_t index_;
  };

  Range(const Owner& owner, std::size_t count) : owner_(owner), count_(count) {}
  std::size_t size() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }
  /// `index` must be below size().
  Item operator[](std::size_t index) const { return get(owner_, index); }
  iterator begin() const { return iterator(owner_, 0); }
  iterator end() const { return iterator(owner_, count_); }

 private:
  Owner owner_;
  std::size_t count_;
};

}  // namespace detail

/// How a request ended. The strings are borrowed from the completion.
struct CompletionInfo {
  /// How it ended. Status::ok also when a lookup found nothing.
  Status status = Status::invalid_handle;
  /// Which operation it was.
  Operation operation = Operation::request;
  /// Whether the answer holds a value. False when it failed, holds nothing by contract, or there is no such
  /// customer or card.
  bool found = false;
  /// The HTTP status; 0 when no answer came.
  int http_status = 0;
  /// How often it was sent or begun to be sent.
  std::uint32_t attempts = 0;
  /// Whether it reached the server.
  Sent sent = Sent::never;
  /// Customers in the answer: 1 for one customer, 0 or more for a list.
  std::uint32_t customer_count = 0;
  /// When the server wants to be asked again, if it said so; at most five minutes.
  std::optional<std::chrono::milliseconds> retry_after{};
  /// How long it waited for a worker.
  std::chrono::microseconds queued{0};
  /// How long a worker was at it.
  std::chrono::microseconds network{0};
  /// How long ago it finished.
  std::chrono::microseconds age{0};
  /// Its call's tag.
  std::uint64_t tag = 0;
  /// What happened, in a sentence for a log; empty when status is Status::ok. Holds no secret.
  std::string_view message{};
  /// PayNow's word for its error.
  std::optional<std::string_view> error_code{};
  /// What PayNow's support wants to know.
  std::optional<std::string_view> trace_id{};
  /// Its request.
  RequestId request = RequestId::none;
  /// Where the answer comes from.
  Source source = Source::network;
};

/// A profile on a platform. Borrowed from the completion.
struct Profile {
  /// Identifier on the platform. In Customer::minecraft a UUID, a name (offline mode) or an XUID (Geyser).
  std::optional<std::string_view> id{};
  /// Name of the platform; only in Customer::profile.
  std::optional<std::string_view> platform{};
  /// Display name on the platform.
  std::optional<std::string_view> name{};
  /// Address of the avatar picture.
  std::optional<std::string_view> avatar_url{};
};

/// A customer of an answer. A view: valid as long as its completion. Any thread; no accessor waits or fails.
class Customer {
  static MetadataEntry metadata_at(const Customer& customer, std::size_t index) {
    const char* key = nullptr;
    const char* value = nullptr;
    if (paynow_completion_metadata(customer.completion_, customer.index_, index, &key, &value) != PAYNOW_OK) {
      return {};
    }
    return {key, value};
  }

 public:
  /// What metadata() answers: `for (auto [key, value] : customer.metadata())`, in key order.
  using Metadata = detail::Range<Customer, MetadataEntry, &Customer::metadata_at>;
  /// PayNow's id: a 64-bit number as text.
  std::string_view id() const noexcept { return detail::view_or_empty(raw_.id); }
  /// Id of the store.
  std::optional<std::string_view> store_id() const noexcept { return detail::view(raw_.store_id); }
  /// SteamID64.
  std::optional<std::string_view> steam_id() const noexcept { return detail::view(raw_.steam_id); }
  /// As the API spelled it. Unset in offline-mode stores; derived from the XUID for Geyser players.
  std::optional<std::string_view> minecraft_uuid() const noexcept { return detail::view(raw_.minecraft_uuid); }
  /// Xbox XUID.
  std::optional<std::string_view> xbox_xuid() const noexcept { return detail::view(raw_.xbox_xuid); }
  /// Name set on the customer itself.
  std::optional<std::string_view> name() const noexcept { return detail::view(raw_.name); }
  /// Edition of Minecraft.
  std::optional<MinecraftPlatform> minecraft_platform() const noexcept {
    if (raw_.minecraft_platform == PAYNOW_MINECRAFT_ABSENT) return std::nullopt;
    return static_cast<MinecraftPlatform>(raw_.minecraft_platform);
  }
  /// RFC 3339, as the API spelled it.
  std::optional<std::string_view> created_at() const noexcept { return detail::view(raw_.created_at); }
  /// RFC 3339, as the API spelled it.
  std::optional<std::string_view> updated_at() const noexcept { return detail::view(raw_.updated_at); }
  /// Milliseconds since 1970; nothing when missing or unreadable.
  std::optional<std::int64_t> created_at_ms() const noexcept { return date(raw_.created_at_ms); }
  /// Milliseconds since 1970; nothing when missing or unreadable.
  std::optional<std::int64_t> updated_at_ms() const noexcept { return date(raw_.updated_at_ms); }
  /// The profile the store shows.
  std::optional<Profile> profile() const noexcept { return profile_if(PAYNOW_HAS_PROFILE, raw_.profile); }
  /// The profile on Steam.
  std::optional<Profile> steam() const noexcept { return profile_if(PAYNOW_HAS_STEAM, raw_.steam); }
  /// The profile in Minecraft.
  std::optional<Profile> minecraft() const noexcept {
    return profile_if(PAYNOW_HAS_MINECRAFT, raw_.minecraft);
  }
  /// The metadata.
  Metadata metadata() const { return {*this, raw_.metadata_count}; }
  /// The value of one entry of the metadata.
  std::optional<std::string_view> metadata(std::string_view key) const {
    for (const MetadataEntry entry : metadata()) {
      if (entry.key == key) return entry.value;
    }
    return std::nullopt;
  }
  /// The same as C sees it.
  const paynow_customer& raw() const noexcept { return raw_; }

 private:
  friend class Completion;
  friend class Pages;
  Customer(paynow_completion completion, std::size_t index, const paynow_customer& raw) noexcept
      : completion_(completion), index_(index), raw_(raw) {}

  static std::optional<std::int64_t> date(std::int64_t milliseconds) noexcept {
    if (milliseconds == PAYNOW_NO_DATE) return std::nullopt;
    return milliseconds;
  }
  std::optional<Profile> profile_if(std::uint32_t bit, const paynow_profile& raw) const noexcept {
    if ((raw_.profiles & bit) == 0) return std::nullopt;
    return Profile{detail::view(raw.id), detail::view(raw.platform), detail::view(raw.name),
                   detail::view(raw.avatar_url)};
  }

  paynow_completion completion_;
  std::size_t index_;
  paynow_customer raw_;
};

/// A gift card. Borrowed from the completion.
struct GiftCard {
  /// The code it is redeemed with.
  std::string_view code{};
  /// What is left, in the store's smallest unit of money. The API names no currency.
  std::int64_t balance = 0;
  /// What it was issued with.
  std::int64_t starting_balance = 0;
  /// RFC 3339; nothing when it never expires.
  std::optional<std::string_view> expires_at{};
  /// Milliseconds since 1970; nothing when missing or unreadable.
  std::optional<std::int64_t> expires_at_ms{};
};

/// What was wrong with one part of the input. A view: valid as long as its completion. Any thread, never waits.
class ValidationError {
  static std::string_view segment_at(const ValidationError& error, std::size_t index) {
    const char* segment = nullptr;
    if (paynow_completion_validation_path(error.completion_, error.index_, index, &segment) != PAYNOW_OK) {
      return {};
    }
    return segment;
  }

 public:
  using Path = detail::Range<ValidationError, std::string_view, &ValidationError::segment_at>;
  /// PayNow's word for it.
  std::optional<std::string_view> code() const noexcept { return detail::view(raw_.code); }
  /// What is wrong.
  std::optional<std::string_view> message() const noexcept { return detail::view(raw_.message); }
  /// Where in the input, segments joined by dots.
  std::string_view path() const noexcept { return detail::view_or_empty(raw_.path); }
  /// Where in the input, segment by segment. A path that came as one string is one segment.
  Path path_segments() const { return {*this, raw_.path_count}; }
  /// The check that failed.
  std::optional<std::string_view> validation() const noexcept { return detail::view(raw_.validation); }

 private:
  friend class ApiError;
  ValidationError(paynow_completion completion, std::size_t index, const paynow_validation_error& raw) noexcept
      : completion_(completion), index_(index), raw_(raw) {}

  paynow_completion completion_;
  std::size_t index_;
  paynow_validation_error raw_;
};

/// PayNow's own words for an error. A view: valid as long as its completion. Any thread, never waits.
class ApiError {
  static ValidationError error_at(const ApiError& error, std::size_t index) {
    auto raw = detail::sized<paynow_validation_error>();
    if (paynow_completion_validation_error(error.completion_, index, &raw) != PAYNOW_OK) raw = {};
    return {error.completion_, index, raw};
  }

 public:
  using Errors = detail::Range<ApiError, ValidationError, &ApiError::error_at>;
  /// The status in the body, 0 when it was missing. Branch on CompletionInfo::http_status instead.
  int status() const noexcept { return raw_.status; }
  /// No list of codes exists and spelling is inconsistent: show it, do not branch on it.
  std::optional<std::string_view> code() const noexcept { return detail::view(raw_.code); }
  /// What went wrong.
  std::optional<std::string_view> message() const noexcept { return detail::view(raw_.message); }
  /// What PayNow's support wants to know.
  std::optional<std::string_view> trace_id() const noexcept { return detail::view(raw_.trace_id); }
  /// What was wrong with each part of the input.
  Errors errors() const { return {*this, raw_.error_count}; }

 private:
  friend class Completion;
  ApiError(paynow_completion completion, const paynow_api_error& raw) noexcept
      : completion_(completion), raw_(raw) {}

  paynow_completion completion_;
  paynow_api_error raw_;
};

/// A finished request. A view that owns nothing: valid inside the callback it is given to, or as long as its
/// OwnedCompletion. Any thread; no accessor waits. Afterwards the accessors find nothing, and info().status is
/// Status::invalid_handle.
class Completion {
 public:
  /// A completion that names nothing.
  Completion() noexcept = default;
  /// One that C has handed out.
  explicit Completion(paynow_completion id) noexcept : id_(id) {}

  /// Its number for the functions of paynow_bridge.h.
  paynow_completion id() const noexcept { return id_; }

  /// How the request ended.
  CompletionInfo info() const noexcept {
    auto raw = detail::sized<paynow_completion_info>();
    CompletionInfo info;
    const paynow_status status = paynow_completion_info_get(id_, &raw);
    if (status != PAYNOW_OK) {
      info.status = static_cast<Status>(status);
      info.message = paynow_status_text(status);
      return info;
    }
    info.status = static_cast<Status>(raw.status);
    info.operation = static_cast<Operation>(raw.operation);
    info.found = raw.found != 0;
    info.http_status = raw.http_status;
    info.attempts = raw.attempts;
    info.sent = static_cast<Sent>(raw.sent);
    info.customer_count = raw.customer_count;
    if (raw.retry_after_ms >= 0) info.retry_after = std::chrono::milliseconds(raw.retry_after_ms);
    info.queued = microseconds(raw.queue_us);
    info.network = microseconds(raw.network_us);
    info.age = microseconds(raw.age_us);
    info.tag = raw.tag;
    info.message = detail::view_or_empty(raw.message);
    info.error_code = detail::view(raw.error_code);
    info.trace_id = detail::view(raw.trace_id);
    info.request = static_cast<RequestId>(raw.request);
    info.source = static_cast<Source>(raw.source);
    return info;
  }

  /// How the request ended: info().status.
  Status status() const noexcept { return info().status; }
  /// Whether it was answered, even if with "no such customer".
  bool ok() const noexcept { return status() == Status::ok; }
  /// Whether the answer holds a value: info().found.
  bool found() const noexcept { return info().found; }

  /// A customer of the answer: 0 for a single one, below info().customer_count for a list.
  std::optional<Customer> customer(std::size_t index = 0) const noexcept {
    auto raw = detail::sized<paynow_customer>();
    if (paynow_completion_customer(id_, index, &raw) != PAYNOW_OK) return std::nullopt;
    return Customer(id_, index, raw);
  }
  /// The token of the answer. Hand a player the URL made with it, never the token; keep it out of logs.
  std::optional<std::string_view> token() const noexcept { return text(paynow_completion_token); }
  /// The gift card of the answer.
  std::optional<GiftCard> giftcard() const noexcept {
    auto raw = detail::sized<paynow_giftcard>();
    if (paynow_completion_giftcard(id_, &raw) != PAYNOW_OK) return std::nullopt;
    GiftCard card;
    card.code = detail::view_or_empty(raw.code);
    card.balance = raw.balance;
    card.starting_balance = raw.starting_balance;
    card.expires_at = detail::view(raw.expires_at);
    if (raw.expires_at_ms != PAYNOW_NO_DATE) card.expires_at_ms = raw.expires_at_ms;
    return card;
  }
  /// PayNow's own words for the error, also when a lookup found nothing; nothing when it was not a PayNowError.
  std::optional<ApiError> error() const noexcept {
    auto raw = detail::sized<paynow_api_error>();
    if (paynow_completion_error(id_, &raw) != PAYNOW_OK) return std::nullopt;
    return ApiError(id_, raw);
  }
  /// The body of the answer as it came. May hold a token: keep it out of logs.
  std::optional<std::string_view> json() const noexcept { return text(paynow_completion_json); }

 private:
  static std::chrono::microseconds microseconds(std::uint64_t count) noexcept {
    const std::uint64_t most = static_cast<std::uint64_t>((std::chrono::microseconds::max)().count());
    return std::chrono::microseconds(static_cast<std::int64_t>(count < most ? count : most));
  }
  std::optional<std::string_view> text(paynow_status (*read)(paynow_completion, const char**,
                                                             std::size_t*)) const noexcept {
    const char* start = nullptr;
    std::size_t length = 0;
    if (read(id_, &start, &length) != PAYNOW_OK) return std::nullopt;
    return std::string_view(start, length);
  }

  paynow_completion id_ = 0;
};

/// A completion that Client::next or Client::peek handed out; gives it back when destroyed, on whatever thread that
/// happens. May outlive its client, which takes the completion back itself: the accessors then find nothing.
class OwnedCompletion {
 public:
  /// None.
  OwnedCompletion() noexcept = default;
  /// Takes over a completion of paynow_client_next or paynow_client_peek.
  explicit OwnedCompletion(paynow_completion id) noexcept : view_(id) {}
  OwnedCompletion(OwnedCompletion&& other) noexcept : view_(std::exchange(other.view_, Completion())) {}
  OwnedCompletion& operator=(OwnedCompletion&& other) noexcept {
    if (this != &other) {
      reset();
      view_ = std::exchange(other.view_, Completion());
    }
    return *this;
  }
  OwnedCompletion(const OwnedCompletion&) = delete;
  OwnedCompletion& operator=(const OwnedCompletion&) = delete;
  ~OwnedCompletion() { reset(); }

  /// Whether there is one.
  explicit operator bool() const noexcept { return view_.id() != 0; }
  /// What is in it. Valid as long as this object.
  const Completion& operator*() const noexcept { return view_; }
  const Completion* operator->() const noexcept { return &view_; }
  /// Gives it back now; the function of its call, if it had one, is destroyed here without having run. Never
  /// waits.
  void reset() noexcept {
    if (view_.id() != 0) (void)paynow_completion_free(std::exchange(view_, Completion()).id());
  }
  /// Gives up ownership: the caller then owes C a paynow_completion_free.
  paynow_completion release() noexcept { return std::exchange(view_, Completion()).id(); }

 private:
  Completion view_;
};

// ---------------------------------------------------------------------------------------------------------
// Client
// ---------------------------------------------------------------------------------------------------------

/// Runs when a request has finished. May submit, cancel, read, and destroy the client; poll and next answer
/// Status::reentrant.
using CompletionHandler = std::function<void(const Completion&)>;
/// Runs for each line of the library's log. The text is one line and lives during the call. It holds no secret.
using LogHandler = std::function<void(LogLevel, std::string_view)>;
/// Runs when an exception has escaped from a handler. One that escapes from this one is dropped.
using ExceptionHandler = std::function<void(std::exception_ptr)>;

/// A Redis (6.2 or newer) or Valkey (7.2 or newer) that all servers of a store share: what one of them knows the others need
/// not ask, a question is asked once, and Config::rate_per_second is what they may ask together. While it does not answer, each
/// server works alone, at its share of the rate. It needs an API key, which says what servers belong together. Text is borrowed
/// until Client::create returns; 0 is the default everywhere.
struct Network {
  /// Where it is: `host`, `host:port` or `[::1]:port`, or several with commas between, of which the first that can be used is.
  /// In a cluster any node leads to the right one. With sentinel_name those of the Sentinels. Required.
  std::string_view addresses{};
  /// User to log in as; Redis's `default` when there is only a password.
  std::optional<std::string_view> user{};
  /// Password. It is copied, wiped when the client ends, and printed nowhere.
  std::optional<std::string_view> password{};
  /// Environment variable to read the password from, in place of password.
  std::optional<std::string_view> password_env{};
  /// File to read the password from, in place of password; refused when others than its owner can read it.
  std::optional<std::string_view> password_file{};
  /// PEM file of certificates to trust besides the system's and the bundled ones; means TLS.
  std::optional<std::string_view> ca_file{};
  /// Name to find in the certificate, where it is another than that of the address; means TLS.
  std::optional<std::string_view> server_name{};
  /// Name by which the Sentinels know the master.
  std::optional<std::string_view> sentinel_name{};
  /// Tells networks apart that share a store and a Redis: at most 64 letters, digits, dots, hyphens or underscores.
  std::optional<std::string_view> network_id{};
  /// Number of the database.
  std::uint32_t database = 0;
  /// Whether the connection is encrypted.
  bool tls = false;
  /// How long a request waits for the network at most before it goes on without, at most 10 s; 100 ms by default.
  std::chrono::milliseconds timeout{0};
};

/// How a client is made. Text is borrowed until Client::create returns; 0 is the default everywhere.
struct Config {
  /// Id of the store, required: decimal digits.
  std::string_view store_id{};
  /// Key of the Management API. Without one only the storefront operations work. `APIKey xyz` is understood.
  std::optional<std::string_view> api_key{};
  /// Environment variable to read the key from, in place of api_key.
  std::optional<std::string_view> api_key_env{};
  /// File to read the key from, in place of api_key; refused when others than its owner can read it.
  std::optional<std::string_view> api_key_file{};
  /// Where the API is; `https://api.paynow.gg` by default. Plain http is for loopback addresses only.
  std::optional<std::string_view> api_base{};
  /// Product the host wants to be known as in User-Agent.
  std::optional<std::string_view> user_agent{};
  /// Until when a request may take, from submission to completion; 10 s by default.
  std::chrono::milliseconds deadline{0};
  /// How long one attempt to connect may take; 3 s by default.
  std::chrono::milliseconds connect_timeout{0};
  /// Most requests submitted and not freed, 1 to 1,048,576; 10,000 by default.
  std::uint32_t max_outstanding = 0;
  /// Most worker threads, 1 to 1,024; 64 by default. Only as many run as there is work for,
  /// and beside an API that answers within a millisecond only as many as do any good. There are never more
  /// connections than workers: each does one exchange at a time, and takes an idle connection before it opens one.
  std::uint32_t max_workers = 0;
  /// Largest answer accepted, in bytes; 1 MiB by default.
  std::uint64_t max_response_bytes = 0;
  /// Bytes of answers not yet freed, above which no new request is sent; 64 MiB by default.
  std::uint64_t max_held_bytes = 0;
  /// How often a request is sent at most, the first time included, 1 to 100; 3 by default. Only what can do no harm
  /// is repeated: reads, revoking tokens, and what surely never left.
  std::uint32_t max_attempts = 0;
  /// Longest wait before the first repetition, doubling with each; 200 ms by default.
  std::chrono::milliseconds retry_base{0};
  /// Failures in a row after which requests fail at once with Status::unavailable, except for one probe at a time; 20 by
  /// default, `off` for never.
  std::uint32_t circuit_threshold = 0;
  /// How long the answer to a lookup or get is remembered; 5 min by default, `off` remembers nothing. Changing or
  /// creating a customer through this client makes it forget at once.
  std::chrono::milliseconds cache_ttl{0};
  /// How long "no such customer" is remembered; 30 s by default.
  std::chrono::milliseconds cache_negative_ttl{0};
  /// How old an answer may be to stand in for a failure of the API; 1 h by default.
  std::chrono::milliseconds cache_stale{0};
  /// Bytes of answers remembered; 16 MiB by default.
  std::uint64_t cache_bytes = 0;
  /// Requests a second that may be sent; by default there is no limit but what 429s teach.
  std::uint32_t rate_per_second = 0;
  /// Requests that may be sent at once after a quiet time; by default as many as rate_per_second.
  std::uint32_t rate_burst = 0;
  /// What the server puts before the names of Bedrock players; "." by default, "" for nothing.
  std::optional<std::string_view> bedrock_prefix{};
  /// Whether PayNow is asked with the Bedrock prefix. Whether it wants that is nowhere documented.
  bool send_bedrock_prefix = false;
  /// Whether a Player with a UUID made in offline mode (version 3) is looked up by that and not by name.
  bool offline_players_by_uuid = false;
  /// Connections held ready, so that a request finds one with its name resolved and its handshakes done, at most
  /// max_workers; 1 by default, `off` opens each with the request that needs it. They are opened in the background from
  /// Client::create on and again when the server closes them, as long as the host collects and until an hour after its last
  /// request.
  std::uint32_t warm_connections = 0;
  /// Proxy to go through, such as `http://proxy.example:3128`; "" is none; by default HTTPS_PROXY and NO_PROXY say.
  std::optional<std::string_view> proxy{};
  /// PEM file of certificates to trust besides the system's and the bundled ones.
  std::optional<std::string_view> ca_file{};
  /// What joins the other servers of the store; by default this one is alone.
  std::optional<Network> network{};
  /// Whether it is noted how each of the last 1,024 requests went, for Client::dump. That takes 256 KiB at most, and nothing of
  /// the threads that submit and collect. Of what was asked nothing is kept.
  bool flight_recorder = true;
  /// Gets the completions of operations that were given no function of their own.
  CompletionHandler on_completion{};
  /// Which lines on_log gets: this level and more important ones.
  LogLevel log_level = LogLevel::info;
  /// Gets the library's log lines. Without one none are kept.
  LogHandler on_log{};
  /// Hears of exceptions that escaped from a handler.
  ExceptionHandler on_exception{};
};

namespace detail {

/// What C's callbacks need. Held by the client, by every call with a function, and by every thread that is
/// inside poll, next or destroy: a client may be destroyed by a function it runs.
struct Host {
  CompletionHandler on_completion;
  LogHandler on_log;
  ExceptionHandler on_exception;
  std::atomic<std::uint64_t> exceptions{0};

  /// Nothing the host's functions throw gets past here.
  template <class Function, class... Arguments>
  void run(const Function& function, Arguments&&... arguments) noexcept {
#if PAYNOW_HPP_EXCEPTIONS
    try {
      function(std::forward<Arguments>(arguments)...);
    } catch (...) {
      exceptions.fetch_add(1, std::memory_order_relaxed);
      if (!on_exception) return;
      try {
        on_exception(std::current_exception());
      } catch (...) {
        // No one is left to tell.
      }
    }
#else
    function(std::forward<Arguments>(arguments)...);
#endif
  }

  static void completed(paynow_client, paynow_completion completion, void* host) noexcept {
    Host& self = *static_cast<Host*>(host);
    self.run(self.on_completion, Completion(completion));
  }

  static void logged(std::int32_t level, const char* message, std::size_t length, void* host) noexcept {
    Host& self = *static_cast<Host*>(host);
    self.run(self.on_log, static_cast<LogLevel>(level), std::string_view(message, length));
  }
};

/// The function of one call, between its submission and the end of its completion.
struct Call {
  CompletionHandler done;
  std::shared_ptr<Host> host;

  static void completed(paynow_client, paynow_completion completion, void* call) noexcept {
    const Call& self = *static_cast<const Call*>(call);
    self.host->run(self.done, Completion(completion));
  }

  static void free(void* call) noexcept { delete static_cast<Call*>(call); }
};

inline Status status(paynow_status status) noexcept { return static_cast<Status>(status); }

template <class T>
Result<T> failure(paynow_status status) {
  return Result<T>(detail::status(status), paynow_last_error());
}

inline Result<void> outcome(paynow_status status) {
  return status == PAYNOW_OK ? Result<void>() : failure<void>(status);
}

/// C counts in 32 bits; a duration that does not fit must not come out as another one.
template <class Duration>
std::optional<std::uint32_t> count(Duration duration) noexcept {
  const auto ticks = duration.count();
  if (ticks < 0) return std::nullopt;
  if (static_cast<std::uintmax_t>(ticks) > (std::numeric_limits<std::uint32_t>::max)()) return std::nullopt;
  return static_cast<std::uint32_t>(ticks);
}

template <class T>
Result<T> out_of_range(const char* argument) {
  return Result<T>(Status::invalid_argument, std::string(argument) + " must be between 0 and 4294967295");
}

inline paynow_player lend(const Player& player) noexcept {
  auto raw = sized<paynow_player>();
  lend(raw.steam_id, raw.steam_id_n, player.steam_id);
  lend(raw.xbox_xuid, raw.xbox_xuid_n, player.xbox_xuid);
  lend(raw.minecraft_uuid, raw.minecraft_uuid_n, player.minecraft_uuid);
  lend(raw.name, raw.name_n, player.name);
  return raw;
}

inline paynow_lookup_query lend(const LookupQuery& query) noexcept {
  auto raw = sized<paynow_lookup_query>();
  lend(raw.id, raw.id_n, query.id);
  lend(raw.steam_id, raw.steam_id_n, query.steam_id);
  lend(raw.minecraft_uuid, raw.minecraft_uuid_n, query.minecraft_uuid);
  lend(raw.xbox_xuid, raw.xbox_xuid_n, query.xbox_xuid);
  lend(raw.minecraft_java_name, raw.minecraft_java_name_n, query.minecraft_java_name);
  lend(raw.minecraft_bedrock_name, raw.minecraft_bedrock_name_n, query.minecraft_bedrock_name);
  lend(raw.name, raw.name_n, query.name);
  return raw;
}

inline void lend(paynow_customer_fields& raw, std::uint32_t bit, const char*& pointer, std::size_t& length,
                 const Field<std::string_view>& field) noexcept {
  if (field.is_null()) raw.null_fields |= bit;
  if (const std::string_view* text = field.value()) lend(pointer, length, *text);
}

/// Customers as C reads them.
class Fields {
 public:
  Fields(const CustomerFields* customers, std::size_t count) {
    std::size_t entries = 0;
    for (std::size_t index = 0; index < count; ++index) {
      if (const auto* metadata = customers[index].metadata.value()) entries += metadata->size();
    }
    // Reserved at once: the customers point into it.
    entries_.reserve(entries + 1);
    customers_.reserve(count);
    for (std::size_t index = 0; index < count; ++index) add(customers[index]);
  }

  /// The customers point into the entries, which a copy would not have: moved, never copied.
  Fields(Fields&&) noexcept = default;
  Fields& operator=(Fields&&) noexcept = default;

  const paynow_customer_fields* data() const noexcept { return customers_.data(); }
  std::size_t size() const noexcept { return customers_.size(); }

 private:
  void add(const CustomerFields& fields) {
    auto raw = sized<paynow_customer_fields>();
    lend(raw, PAYNOW_NULL_STEAM_ID, raw.steam_id, raw.steam_id_n, fields.steam_id);
    lend(raw, PAYNOW_NULL_MINECRAFT_UUID, raw.minecraft_uuid, raw.minecraft_uuid_n, fields.minecraft_uuid);
    lend(raw, PAYNOW_NULL_XBOX_XUID, raw.xbox_xuid, raw.xbox_xuid_n, fields.xbox_xuid);
    lend(raw, PAYNOW_NULL_NAME, raw.name, raw.name_n, fields.name);
    if (fields.minecraft_platform.is_null()) raw.null_fields |= PAYNOW_NULL_MINECRAFT_PLATFORM;
    if (const auto* platform = fields.minecraft_platform.value()) {
      raw.minecraft_platform = static_cast<std::int32_t>(*platform);
    }
    if (fields.metadata.is_null()) raw.null_fields |= PAYNOW_NULL_METADATA;
    if (const auto* metadata = fields.metadata.value()) {
      // Not null even when there are no entries: that is the empty set.
      raw.metadata = entries_.data() + entries_.size();
      raw.metadata_count = metadata->size();
      for (const MetadataEntry& entry : *metadata) {
        paynow_metadata_entry lent{};
        lend(lent.key, lent.key_n, entry.key);
        lend(lent.value, lent.value_n, entry.value);
        entries_.push_back(lent);
      }
    }
    customers_.push_back(raw);
  }

  std::vector<paynow_metadata_entry> entries_;
  std::vector<paynow_customer_fields> customers_;
};

}  // namespace detail

/// A client for one store. Movable, not copyable; one that was moved from, default-constructed or destroyed
/// answers Status::invalid_handle.
///
/// The destructor destroys the client, see destroy(): callbacks of requests that have not ended yet run then, on
/// that thread, with Status::shutdown. Inside a callback (also when a function that owns the client is what runs)
/// that is put off until the poll or next that runs returns, which is safe: it does not touch the Client object
/// again. A function that keeps its own client alive keeps it until it has run.
class Client {
 public:
  /// Names no client.
  Client() noexcept = default;

  /// Makes a client. Starts one thread, and opens connections in the background (Config::warm_connections); waits for
  /// nothing of the network, and reads no files but api_key_file, ca_file and those that Config::network names. Any thread;
  /// takes some 100 microseconds.
  ///
  /// Status::abi_mismatch when the loaded library is not the one this header describes, Status::invalid_argument,
  /// Status::resources.
  static Result<Client> create(Config config) {
    if (paynow_abi_version() != PAYNOW_ABI_VERSION) {
      return Result<Client>(Status::abi_mismatch,
                            "the loaded paynow-bridge " + std::string(paynow_version()) + " has version " +
                                std::to_string(paynow_abi_version()) +
                                " of the interface, this program was compiled for version " +
                                std::to_string(PAYNOW_ABI_VERSION) + ": install the two together");
    }
    auto raw = detail::sized<paynow_client_config>();
    detail::lend(raw.store_id, raw.store_id_n, config.store_id);
    detail::lend(raw.api_key, raw.api_key_n, config.api_key);
    detail::lend(raw.api_base, raw.api_base_n, config.api_base);
    detail::lend(raw.user_agent, raw.user_agent_n, config.user_agent);
    detail::lend(raw.api_key_env, raw.api_key_env_n, config.api_key_env);
    detail::lend(raw.api_key_file, raw.api_key_file_n, config.api_key_file);
    detail::lend(raw.bedrock_prefix, raw.bedrock_prefix_n, config.bedrock_prefix);
    detail::lend(raw.proxy, raw.proxy_n, config.proxy);
    detail::lend(raw.ca_file, raw.ca_file_n, config.ca_file);
    auto network = detail::sized<paynow_network>();
    if (config.network) {
      const Network& given = *config.network;
      detail::lend(network.addresses, network.addresses_n, given.addresses);
      detail::lend(network.user, network.user_n, given.user);
      detail::lend(network.password, network.password_n, given.password);
      detail::lend(network.password_env, network.password_env_n, given.password_env);
      detail::lend(network.password_file, network.password_file_n, given.password_file);
      detail::lend(network.ca_file, network.ca_file_n, given.ca_file);
      detail::lend(network.server_name, network.server_name_n, given.server_name);
      detail::lend(network.sentinel_name, network.sentinel_name_n, given.sentinel_name);
      detail::lend(network.network_id, network.network_id_n, given.network_id);
      network.database = given.database;
      network.tls = given.tls ? 1 : 0;
      raw.network = &network;
    }
    const struct {
      const char* name;
      std::chrono::milliseconds given;
      std::uint32_t& raw;
    } durations[] = {
        {"deadline", config.deadline, raw.deadline_ms},
        {"connect_timeout", config.connect_timeout, raw.connect_timeout_ms},
        {"network.timeout", config.network ? config.network->timeout : std::chrono::milliseconds{0}, network.timeout_ms},
        {"retry_base", config.retry_base, raw.retry_base_ms},
        {"cache_ttl", config.cache_ttl, raw.cache_ttl_ms},
        {"cache_negative_ttl", config.cache_negative_ttl, raw.cache_negative_ttl_ms},
        {"cache_stale", config.cache_stale, raw.cache_stale_ms},
    };
    for (const auto& duration : durations) {
      const auto count = detail::count(duration.given);
      if (!count) return detail::out_of_range<Client>(duration.name);
      duration.raw = *count;
    }
    raw.max_outstanding = config.max_outstanding;
    raw.max_workers = config.max_workers;
    raw.warm_connections = config.warm_connections;
    raw.max_response_bytes = config.max_response_bytes;
    raw.max_held_bytes = config.max_held_bytes;
    raw.max_attempts = config.max_attempts;
    raw.circuit_threshold = config.circuit_threshold;
    raw.cache_bytes = config.cache_bytes;
    raw.rate_per_second = config.rate_per_second;
    raw.rate_burst = config.rate_burst;
    raw.send_bedrock_prefix = config.send_bedrock_prefix ? 1 : 0;
    raw.offline_players_by_uuid = config.offline_players_by_uuid ? 1 : 0;
    raw.flight_recorder = config.flight_recorder ? 0 : off;
    raw.log_level = static_cast<std::int32_t>(config.log_level);

    auto host = std::make_shared<detail::Host>();
    host->on_completion = std::move(config.on_completion);
    host->on_log = std::move(config.on_log);
    host->on_exception = std::move(config.on_exception);
    if (host->on_completion) {
      raw.on_completion = &detail::Host::completed;
      raw.completion_user_data = host.get();
    }
    if (host->on_log) {
      raw.on_log = &detail::Host::logged;
      raw.log_user_data = host.get();
    }
    paynow_client handle = 0;
    const paynow_status status = paynow_client_create(&raw, &handle);
    if (status != PAYNOW_OK) return detail::failure<Client>(status);
    return Client(handle, std::move(host));
  }

  Client(Client&& other) noexcept
      : handle_(std::exchange(other.handle_, 0)), host_(std::move(other.host_)) {}
  /// Destroys the client that was here before.
  Client& operator=(Client&& other) noexcept {
    if (this != &other) {
      Client old(std::move(*this));
      handle_ = std::exchange(other.handle_, 0);
      host_ = std::move(other.host_);
    }
    return *this;
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() {
    if (handle_ != 0) (void)paynow_client_destroy(handle_);
  }

  /// Its number for the functions of paynow_bridge.h, 0 for none. Do not poll it with these: it is this class
  /// that keeps the handlers alive while they run.
  paynow_client handle() const noexcept { return handle_; }
  /// Whether there is a client. Says nothing of one that was destroyed by destroy().
  explicit operator bool() const noexcept { return handle_ != 0; }

  // Operations. `done` gets the completion; without one Config::on_completion does, or next hands it out. The
  // answer is the request's id, or why it was not accepted: nothing is sent then, and `done` is destroyed without
  // having run. Any thread; never waits.
  //
  // Errors: Status::invalid_argument, queue_full, shutdown, no_api_key, invalid_handle, forked.

  /// Lists customers. The answer: CompletionInfo::customer_count, Completion::customer.
  Result<RequestId> list_customers(const ListQuery& query = {}, CompletionHandler done = {},
                                   const CallOptions& options = {}) const {
    auto raw = detail::sized<paynow_list_query>();
    raw.has_limit = query.limit.has_value() ? 1 : 0;
    raw.limit = query.limit.value_or(0);
    raw.order = static_cast<std::int32_t>(query.order);
    detail::lend(raw.after, raw.after_n, query.after);
    detail::lend(raw.before, raw.before_n, query.before);
    detail::lend(raw.search, raw.search_n, query.search);
    // One more, so that an empty list is not the same as none.
    std::vector<paynow_text> ids(query.customer_ids ? query.customer_ids->size() + 1 : 0);
    for (std::size_t index = 0; index + 1 < ids.size(); ++index) {
      detail::lend(ids[index].text, ids[index].text_n, (*query.customer_ids)[index]);
    }
    if (query.customer_ids) {
      raw.customer_ids = ids.data();
      raw.customer_ids_count = query.customer_ids->size();
    }
    return submit(std::move(done), options, [&](const paynow_call* call, paynow_request_id* id) {
      return paynow_list_customers(handle_, &raw, call, id);
    });
  }

  /// Creates a customer. The answer: Completion::customer. Not repeatable: one that may have been sent and was
  /// not answered can exist. Completes with Status::conflict when the customer exists, Status::not_found when the
  /// platform knows no such account.
  Result<RequestId> create_customer(const CustomerFields& fields, CompletionHandler done = {},
                                    const CallOptions& options = {}) const {
    const detail::Fields raw(&fields, 1);
    return submit(std::move(done), options, [&](const paynow_call* call, paynow_request_id* id) {
      return paynow_create_customer(handle_, raw.data(), call, id);
    });
  }

  /// Gets a customer by PayNow's id. The answer: Completion::customer, or found is false.
  Result<RequestId> get_customer(std::string_view customer_id, CompletionHandler done = {},
                                 const CallOptions& options = {}) const {
    return submit_text(paynow_get_customer, customer_id, std::move(done), options);
  }

  /// Changes a customer; fields that are absent stay as they are. The answer: Completion::customer. Whether
  /// metadata is merged or replaced is nowhere documented.
  Result<RequestId> update_customer(std::string_view customer_id, const CustomerFields& fields,
                                    CompletionHandler done = {}, const CallOptions& options = {}) const {
    const detail::Fields raw(&fields, 1);
    const char* text = nullptr;
    std::size_t length = 0;
    detail::lend(text, length, customer_id);
    return submit(std::move(done), options, [&](const paynow_call* call, paynow_request_id* id) {
      return paynow_update_customer(handle_, text, length, raw.data(), call, id);
    });
  }

  /// Mints a token the customer is known by in the storefront. It does not expire by default; the API key needs the
  /// permission customer_update. The answer: Completion::token.
  Result<RequestId> create_customer_token(std::string_view customer_id, CompletionHandler done = {},
                                          const CallOptions& options = {}) const {
    return submit_text(paynow_create_customer_token, customer_id, std::move(done), options);
  }

  /// Revokes *all* tokens of the customer. The API key needs the permission customer_update. The answer holds nothing.
  Result<RequestId> invalidate_customer_tokens(std::string_view customer_id, CompletionHandler done = {},
                                               const CallOptions& options = {}) const {
    return submit_text(paynow_invalidate_customer_tokens, customer_id, std::move(done), options);
  }

  /// Looks a customer up by exactly one key. The answer: Completion::customer, or found is false.
  Result<RequestId> lookup_customer(const LookupQuery& query, CompletionHandler done = {},
                                    const CallOptions& options = {}) const {
    const auto raw = detail::lend(query);
    return submit(std::move(done), options, [&](const paynow_call* call, paynow_request_id* id) {
      return paynow_lookup_customer(handle_, &raw, call, id);
    });
  }

  /// Looks a player up by the strongest key the host knows. The answer: as for lookup_customer.
  Result<RequestId> lookup_player(const Player& player, CompletionHandler done = {},
                                  const CallOptions& options = {}) const {
    return submit_player(paynow_lookup_player, player, std::move(done), options);
  }

  /// The player's customer, created if need be: looks up, creates the unknown, and looks up again when another
  /// server was first. The answer: Completion::customer. Calls for the same player share one answer.
  Result<RequestId> ensure_customer(const Player& player, CompletionHandler done = {},
                                    const CallOptions& options = {}) const {
    return submit_player(paynow_ensure_customer, player, std::move(done), options);
  }

  /// ensure_customer, and a token of theirs. The answer holds both: Completion::customer and Completion::token.
  Result<RequestId> token_for(const Player& player, CompletionHandler done = {},
                              const CallOptions& options = {}) const {
    return submit_player(paynow_token_for, player, std::move(done), options);
  }

  /// Creates 1 to 200 customers at once. The answer is a list; its order, and what becomes of the rest when one
  /// cannot be created, are nowhere documented.
  Result<RequestId> bulk_create_customers(const CustomerFields* customers, std::size_t count,
                                          CompletionHandler done = {}, const CallOptions& options = {}) const {
    const detail::Fields raw(customers, count);
    return submit(std::move(done), options, [&](const paynow_call* call, paynow_request_id* id) {
      return paynow_bulk_create_customers(handle_, raw.data(), count, call, id);
    });
  }
  /// The same for a vector.
  Result<RequestId> bulk_create_customers(const std::vector<CustomerFields>& customers,
                                          CompletionHandler done = {}, const CallOptions& options = {}) const {
    return bulk_create_customers(customers.data(), customers.size(), std::move(done), options);
  }

  /// Authenticates the owner of a platform account, who becomes a customer. The answer: Completion::token. Needs
  /// no API key.
  Result<RequestId> authenticate_customer(const Authentication& authentication, CompletionHandler done = {},
                                          const CallOptions& options = {}) const {
    auto raw = detail::sized<paynow_authentication>();
    raw.platform = static_cast<std::int32_t>(authentication.platform);
    detail::lend(raw.id, raw.id_n, authentication.id);
    detail::lend(raw.customer_ip, raw.customer_ip_n, authentication.customer_ip);
    detail::lend(raw.customer_countrycode, raw.customer_countrycode_n, authentication.customer_countrycode);
    return submit(std::move(done), options, [&](const paynow_call* call, paynow_request_id* id) {
      return paynow_authenticate_customer(handle_, &raw, call, id);
    });
  }

  /// Gets the customer a token belongs to. The answer: Completion::customer. Completes with Status::unauthorized
  /// when the token was revoked or never valid. Needs no API key.
  Result<RequestId> get_current_customer(std::string_view customer_token, CompletionHandler done = {},
                                         const CallOptions& options = {}) const {
    return submit_text(paynow_get_current_customer, customer_token, std::move(done), options);
  }

  /// Looks a gift card up for a customer. The answer: Completion::giftcard, or found is false. Guard it against
  /// guessing. Needs no API key.
  Result<RequestId> lookup_giftcard(const GiftCardQuery& query, CompletionHandler done = {},
                                    const CallOptions& options = {}) const {
    auto raw = detail::sized<paynow_giftcard_query>();
    detail::lend(raw.customer_token, raw.customer_token_n, query.customer_token);
    detail::lend(raw.code, raw.code_n, query.code);
    return submit(std::move(done), options, [&](const paynow_call* call, paynow_request_id* id) {
      return paynow_lookup_giftcard(handle_, &raw, call, id);
    });
  }

  /// Any other operation of the API. The answer: Completion::json, or nothing.
  Result<RequestId> request(const RawRequest& request, CompletionHandler done = {},
                            const CallOptions& options = {}) const {
    auto raw = detail::sized<paynow_raw_request>();
    raw.auth = static_cast<std::int32_t>(request.auth);
    detail::lend(raw.method, raw.method_n, request.method);
    detail::lend(raw.path, raw.path_n, request.path);
    detail::lend(raw.json, raw.json_n, request.json);
    detail::lend(raw.customer_token, raw.customer_token_n, request.customer_token);
    return submit(std::move(done), options, [&](const paynow_call* call, paynow_request_id* id) {
      return paynow_request(handle_, &raw, call, id);
    });
  }

  // Memory

  /// What is remembered of a lookup, without asking the API: for placeholders and permission checks on the tick
  /// thread. An empty one when nothing fresh is remembered (or the place is being written to at this very moment);
  /// one with found false when it is remembered that there is no such customer. Any thread; never waits.
  ///
  /// Status::invalid_argument, queue_full, invalid_handle, forked.
  Result<OwnedCompletion> peek(const LookupQuery& query) const {
    const auto raw = detail::lend(query);
    paynow_completion completion = 0;
    const paynow_status status = paynow_client_peek(handle_, &raw, &completion);
    return peeked(status, completion);
  }
  /// The same for a player.
  Result<OwnedCompletion> peek_player(const Player& player) const {
    const auto raw = detail::lend(player);
    paynow_completion completion = 0;
    const paynow_status status = paynow_client_peek_player(handle_, &raw, &completion);
    return peeked(status, completion);
  }

  // Collecting

  /// Delivers what has finished: functions run on this thread, log lines first. At most `max_events` (0: no
  /// limit); stops early once `budget` is used up (0: no budget), though not before the first. The answer is how
  /// many. Any thread, one at a time; never waits.
  ///
  /// Status::reentrant inside a callback, Status::busy while another thread collects, Status::invalid_argument,
  /// invalid_handle, forked.
  Result<std::uint32_t> poll(std::uint32_t max_events = 0,
                             std::chrono::microseconds budget = std::chrono::microseconds(0)) const {
    const auto budget_us = detail::count(budget);
    if (!budget_us) return detail::out_of_range<std::uint32_t>("budget");
    // A callback may destroy the client, this object with it.
    const std::shared_ptr<detail::Host> alive = host_;
    std::uint32_t delivered = 0;
    const paynow_status status = paynow_client_poll(handle_, max_events, *budget_us, &delivered);
    if (status != PAYNOW_OK) return detail::failure<std::uint32_t>(status);
    return delivered;
  }

  /// Hands out one finished request without a callback, or an empty one when none has finished; waits for
  /// it up to `timeout`, or until the client is shut down. With a timeout of 0 it never waits. Any thread, one at
  /// a time.
  ///
  /// Errors as poll.
  Result<OwnedCompletion> next(std::chrono::milliseconds timeout = std::chrono::milliseconds(0)) const {
    const auto timeout_ms = detail::count(timeout);
    if (!timeout_ms) return detail::out_of_range<OwnedCompletion>("timeout");
    const std::shared_ptr<detail::Host> alive = host_;
    paynow_completion completion = 0;
    std::size_t count = 0;
    const paynow_status status = paynow_client_next(handle_, *timeout_ms, &completion, 1, &count);
    if (status != PAYNOW_OK) return detail::failure<OwnedCompletion>(status);
    return OwnedCompletion(count == 0 ? 0 : completion);
  }

  /// Hands out up to `capacity` finished requests, 1 to 1,048,576. Waits for the first one as next(timeout) does.
  ///
  /// Errors as poll.
  Result<std::vector<OwnedCompletion>> next_batch(
      std::size_t capacity, std::chrono::milliseconds timeout = std::chrono::milliseconds(0)) const {
    using Batch = std::vector<OwnedCompletion>;
    const auto timeout_ms = detail::count(timeout);
    if (!timeout_ms) return detail::out_of_range<Batch>("timeout");
    if (capacity < 1 || capacity > 1048576) {
      return Result<Batch>(Status::invalid_argument, "capacity must be between 1 and 1048576");
    }
    const std::shared_ptr<detail::Host> alive = host_;
    std::vector<paynow_completion> ids(capacity);
    Batch batch;
    // Beforehand: a completion that finds no place would be lost.
    batch.reserve(capacity);
    std::size_t count = 0;
    const paynow_status status = paynow_client_next(handle_, *timeout_ms, ids.data(), capacity, &count);
    if (status != PAYNOW_OK) return detail::failure<Batch>(status);
    for (std::size_t index = 0; index < count; ++index) batch.emplace_back(ids[index]);
    return Result<Batch>(std::move(batch));
  }

  /// Cancels a request. When it answers ok, that decided it: its completion says Status::cancelled and comes
  /// through poll or next like any other. Status::too_late: it had ended already. Any thread, never waits.
  ///
  /// Status::too_late, invalid_handle, forked.
  Result<void> cancel(RequestId request) const {
    return detail::outcome(paynow_client_cancel(handle_, static_cast<paynow_request_id>(request)));
  }

  /// Cancels every request with this tag that has not ended; 0 is the tag of those that were given none. The
  /// answer is how many. Any thread, never waits.
  ///
  /// Their functions run with Status::cancelled in a later poll. Requests that had ended and were not collected yet are
  /// not counted, and their functions run with the answer: what a function refers to must live until it has run, not
  /// only until here.
  ///
  /// Status::invalid_handle, forked.
  Result<std::uint32_t> cancel_all(std::uint64_t tag) const {
    std::uint32_t cancelled = 0;
    const paynow_status status = paynow_client_cancel_all(handle_, tag, &cancelled);
    if (status != PAYNOW_OK) return detail::failure<std::uint32_t>(status);
    return cancelled;
  }

  /// What the client has done and is doing. Any thread, never waits.
  ///
  /// Status::invalid_handle, forked.
  Result<Stats> stats() const {
    auto raw = detail::sized<paynow_stats>();
    const paynow_status status = paynow_client_stats(handle_, &raw);
    if (status != PAYNOW_OK) return detail::failure<Stats>(status);
    return raw;
  }

  /// What is known about the client as OpenMetrics text, for Prometheus and its like: see paynow_client_metrics. The content
  /// type is `application/openmetrics-text; version=1.0.0; charset=utf-8`. Any thread, takes no lock of the library's; but it
  /// writes some 10 KB of text: not for the tick thread.
  ///
  /// Status::invalid_handle, forked.
  Result<std::string> metrics() const {
    return text([this](char* buffer, std::size_t capacity, std::size_t* length) {
      return paynow_client_metrics(handle_, buffer, capacity, length);
    });
  }

  /// What the client was made with, and how each of the last 1,024 requests went, as lines of JSON: see paynow_client_dump. Any
  /// thread that has time: it may wait some microseconds for a lock of the library's own threads, and it writes up to 700 KB.
  ///
  /// Status::resources, invalid_handle, forked.
  Result<std::string> dump() const {
    return text([this](char* buffer, std::size_t capacity, std::size_t* length) {
      return paynow_client_dump(handle_, buffer, capacity, length);
    });
  }

  /// How many exceptions have escaped from functions of the host. Any thread, never waits.
  std::uint64_t callback_exceptions() const noexcept {
    return host_ ? host_->exceptions.load(std::memory_order_relaxed) : 0;
  }

  /// Another API key from here on, for requests that have not been sent yet. What is remembered stays. Any thread;
  /// may wait some microseconds for a worker that reads the old key.
  ///
  /// Status::invalid_argument, invalid_handle, forked.
  Result<void> set_api_key(std::string_view key) const {
    const char* text = nullptr;
    std::size_t length = 0;
    detail::lend(text, length, key);
    return detail::outcome(paynow_client_set_api_key(handle_, text, length));
  }

  /// Accepts nothing more and ends every request that has not ended with Status::shutdown. The completions can
  /// still be collected. Any thread; may wait some microseconds for a lock.
  ///
  /// Status::invalid_handle, forked.
  Result<void> shutdown() const { return detail::outcome(paynow_client_shutdown(handle_)); }

  /// Shuts down, delivers every completion that was not collected (functions run on this thread), and ends the
  /// library's threads: ordinarily within milliseconds, at most some 10 seconds. Afterwards every function of
  /// this object answers Status::invalid_handle.
  ///
  /// Status::pending inside a callback: all that happens when the poll or next that runs returns. The same when
  /// another thread is still inside a callback after 5 seconds. Status::invalid_handle, forked.
  Result<void> destroy() const {
    const std::shared_ptr<detail::Host> alive = host_;
    return detail::outcome(paynow_client_destroy(handle_));
  }

 private:
  friend class Pages;
  friend class Bulk;
  Client(paynow_client handle, std::shared_ptr<detail::Host> host) noexcept
      : handle_(handle), host_(std::move(host)) {}

  template <class Submit>
  Result<RequestId> submit(CompletionHandler done, const CallOptions& options, Submit&& send) const {
    auto call = detail::sized<paynow_call>();
    const auto deadline = detail::count(options.deadline);
    if (!deadline) return detail::out_of_range<RequestId>("deadline");
    call.deadline_ms = *deadline;
    call.priority = static_cast<std::int32_t>(options.priority);
    call.tag = options.tag;
    std::unique_ptr<detail::Call> mine;
    if (done) {
      mine.reset(new detail::Call{std::move(done), host_});
      call.on_completion = &detail::Call::completed;
      call.user_data = mine.get();
      call.user_data_free = &detail::Call::free;
    }
    paynow_request_id id = 0;
    const paynow_status status = send(&call, &id);
    if (status != PAYNOW_OK) return detail::failure<RequestId>(status);
    // C's from here on; another thread may have delivered and freed it already.
    (void)mine.release();
    return static_cast<RequestId>(id);
  }

  using TextOperation = paynow_status (*)(paynow_client, const char*, std::size_t, const paynow_call*,
                                          paynow_request_id*);
  Result<RequestId> submit_text(TextOperation operation, std::string_view text, CompletionHandler done,
                                const CallOptions& options) const {
    const char* start = nullptr;
    std::size_t length = 0;
    detail::lend(start, length, text);
    return submit(std::move(done), options, [&](const paynow_call* call, paynow_request_id* id) {
      return operation(handle_, start, length, call, id);
    });
  }

  using PlayerOperation = paynow_status (*)(paynow_client, const paynow_player*, const paynow_call*,
                                            paynow_request_id*);
  Result<RequestId> submit_player(PlayerOperation operation, const Player& player, CompletionHandler done,
                                  const CallOptions& options) const {
    const auto raw = detail::lend(player);
    return submit(std::move(done), options, [&](const paynow_call* call, paynow_request_id* id) {
      return operation(handle_, &raw, call, id);
    });
  }

  /// Text of any length: asked for again while it does not fit.
  template <typename Write>
  static Result<std::string> text(Write write) {
    std::string text(16 * 1024, '\0');
    for (;;) {
      std::size_t length = 0;
      const paynow_status status = write(&text[0], text.size(), &length);
      if (status != PAYNOW_OK) return detail::failure<std::string>(status);
      const bool fits = length < text.size();
      // Some more room than it took: numbers grow.
      text.resize(fits ? length : length + length / 4 + 1);
      if (fits) return text;
    }
  }

  static Result<OwnedCompletion> peeked(paynow_status status, paynow_completion completion) {
    // Nothing remembered is the ordinary case, not an error that is worth a text.
    if (status == PAYNOW_E_NO_VALUE) return OwnedCompletion();
    if (status != PAYNOW_OK) return detail::failure<OwnedCompletion>(status);
    return OwnedCompletion(completion);
  }

  paynow_client handle_ = 0;
  std::shared_ptr<detail::Host> host_;
};

// ---------------------------------------------------------------------------------------------------------
// What is longer than one answer, or one request
// ---------------------------------------------------------------------------------------------------------

/// A walk through all customers of a store, page by page: submit, hand the completion to accept, and so on until
/// is_over. Every customer comes at most once, and the walk ends whatever the server answers.
///
///     paynow::Pages pages;
///     while (!pages.is_over()) {
///       if (!pages.submit(client)) break;
///       const auto page = client.next(std::chrono::minutes(1));
///       if (!page || !*page) break;
///       const auto customers = pages.accept(**page);
///       if (!customers) break;  // or ask for the same page again
///       for (const paynow::Customer customer : *customers) note(customer.id());
///     }
///
/// Knows nothing of its client and may outlive it. Copying one copies its place in the walk. For one thread at a
/// time; nothing waits.
class Pages {
  struct Place {
    paynow_completion completion;
    std::size_t first;
  };
  static Customer customer_at(const Place& place, std::size_t index) {
    auto raw = detail::sized<paynow_customer>();
    if (paynow_completion_customer(place.completion, place.first + index, &raw) != PAYNOW_OK) raw = {};
    return Customer(place.completion, place.first + index, raw);
  }

 public:
  /// The customers of a page that are new. A view: valid as long as the completion.
  using Customers = detail::Range<Place, Customer, &Pages::customer_at>;

  /// A walk from its beginning, or from behind PagesQuery::after. The text is copied.
  explicit Pages(const PagesQuery& query = {}) {
    raw_.limit = query.limit;
    raw_.order = static_cast<std::int32_t>(query.order);
    raw_.cursor = query.after;
    if (query.search) search_.emplace(*query.search);
  }

  /// Asks for the next page. `done` gets the completion, as for every operation of Client.
  ///
  /// Status::no_value when the walk is over; otherwise errors as for every operation of Client.
  Result<RequestId> submit(const Client& client, CompletionHandler done = {},
                           const CallOptions& options = {}) const {
    const paynow_pages raw = lent();
    return client.submit(std::move(done), options, [&](const paynow_call* call, paynow_request_id* id) {
      return paynow_pages_submit(client.handle_, &raw, call, id);
    });
  }

  /// Takes a page and goes on behind it. The answer is what is new in it: none, when the server repeats itself.
  ///
  /// Status::no_value when the request failed: the walk stays where it is, and the same page can be asked for
  /// again. The same when the walk is over. Status::invalid_argument, invalid_handle, forked.
  Result<Customers> accept(const Completion& page) {
    paynow_pages raw = lent();
    std::size_t first = 0;
    std::size_t count = 0;
    const paynow_status status = paynow_pages_accept(&raw, page.id(), &first, &count);
    if (status != PAYNOW_OK) return detail::failure<Customers>(status);
    raw_.cursor = raw.cursor;
    raw_.is_over = raw.is_over;
    return Customers(Place{page.id(), first}, count);
  }

  /// Whether all pages have come.
  bool is_over() const noexcept { return raw_.is_over != 0; }
  /// Id of the last customer that came, 0 before the first: what a later walk may begin behind.
  std::uint64_t cursor() const noexcept { return raw_.cursor; }

 private:
  paynow_pages lent() const noexcept {
    paynow_pages raw = raw_;
    if (search_) detail::lend(raw.search, raw.search_n, std::string_view(*search_));
    return raw;
  }

  paynow_pages raw_ = detail::sized<paynow_pages>();
  std::optional<std::string> search_;
};

/// What became of one customer of a Bulk.
struct BulkOutcome {
  enum class State {
    created,
    /// Surely not created.
    failed,
    /// It may have been created: the answer does not tell.
    unknown,
  };
  /// Its place among all customers of the bulk.
  std::size_t index = 0;
  /// What became of it.
  State state = State::unknown;
  /// The customer, when it was created. A view: valid as long as the completion.
  std::optional<Customer> customer{};
};

/// Creates any number of customers, 200 at a time: submit, hand the completion to accept, and so on until is_over. A
/// customer is found in the answer by its Steam id, UUID or XUID, or by a name that occurs once.
///
/// Only the text the customers are made of is borrowed: it must live and stay as it is until all are done. Knows
/// nothing of its client and may outlive it. Movable, not copyable; one that was moved from has no customers. For one
/// thread at a time; nothing waits.
class Bulk {
 public:
  /// A bulk of `count` customers, which may be 0.
  Bulk(const CustomerFields* customers, std::size_t count) : customers_(customers, count) {}
  /// The same for a vector.
  explicit Bulk(const std::vector<CustomerFields>& customers) : Bulk(customers.data(), customers.size()) {}

  /// Sends the next piece. `done` gets the completion, as for every operation of Client. A piece that is refused (a
  /// customer that cannot be used) is not sent and not skipped, see skip.
  ///
  /// Status::no_value when all were sent; otherwise errors as for every operation of Client.
  Result<RequestId> submit(const Client& client, CompletionHandler done = {},
                           const CallOptions& options = {}) const {
    const paynow_bulk raw = lent();
    return client.submit(std::move(done), options, [&](const paynow_call* call, paynow_request_id* id) {
      return paynow_bulk_submit(client.handle_, &raw, call, id);
    });
  }

  /// Takes how a piece ended, well or not, and goes on to the next. The answer is what became of each customer of
  /// the piece, in the order they were given.
  ///
  /// Status::no_value when all are done. Status::invalid_argument, invalid_handle, forked.
  Result<std::vector<BulkOutcome>> accept(const Completion& piece) {
    using Outcomes = std::vector<BulkOutcome>;
    paynow_bulk raw = lent();
    std::int64_t places[most_at_once];
    std::size_t count = 0;
    const paynow_status status = paynow_bulk_accept(&raw, piece.id(), places, &count);
    if (status != PAYNOW_OK) return detail::failure<Outcomes>(status);
    Outcomes outcomes(count);
    for (std::size_t index = 0; index < count; ++index) {
      BulkOutcome& outcome = outcomes[index];
      outcome.index = done_ + index;
      if (places[index] >= 0) {
        outcome.state = BulkOutcome::State::created;
        outcome.customer = piece.customer(static_cast<std::size_t>(places[index]));
      } else if (places[index] == PAYNOW_BULK_FAILED) {
        outcome.state = BulkOutcome::State::failed;
      }
    }
    done_ = raw.done;
    return Result<Outcomes>(std::move(outcomes));
  }

  /// Leaves out the next `count` customers: those a piece was refused for.
  void skip(std::size_t count) noexcept { done_ += count < size() - done() ? count : size() - done(); }

  /// Customers of the bulk.
  std::size_t size() const noexcept { return customers_.size(); }
  /// How many are done, whatever became of them.
  std::size_t done() const noexcept { return done_ < size() ? done_ : size(); }
  /// Whether all are done.
  bool is_over() const noexcept { return done() == size(); }

 private:
  static constexpr std::size_t most_at_once = 200;

  paynow_bulk lent() const noexcept {
    auto raw = detail::sized<paynow_bulk>();
    raw.customers = customers_.data();
    raw.count = customers_.size();
    raw.done = done_;
    return raw;
  }

  detail::Fields customers_;
  std::size_t done_ = 0;
};

}  // namespace with_exceptions / without_exceptions
}  // namespace paynow

#endif  // C++17
#endif  // PAYNOW_BRIDGE_HPP
