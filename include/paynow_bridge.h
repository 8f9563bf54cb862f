/*
 * paynow-bridge: talk to a PayNow store from a game server without ever making the game wait.
 *
 * Made from src/ffi by `make header`; do not edit.
 *
 * CONVENTIONS
 *
 * Waiting     Functions that submit, cancel, poll, peek, read or count never wait, make no system call and wake no
 *             thread. The few that allocate (long arguments, peek, what accepts pages and bulks) leave it to the
 *             allocator whether it asks the system. The others (create, shutdown, destroy, next with a timeout) say
 *             what they wait for.
 * Threads     Every function can be called from any thread. Only poll and next go one thread at a time: they
 *             answer PAYNOW_E_BUSY or PAYNOW_E_REENTRANT otherwise. The thread that created a client means nothing.
 * Your code   Callbacks, the log sink and user_data_free run only inside poll, next, paynow_completion_free and
 *             destroy, on the thread that called those, with no lock held. Never on a thread of the library. They
 *             must not throw, longjmp or end their thread.
 * Status      Functions return a paynow_status. Anything but PAYNOW_OK means that nothing happened and no output
 *             was written; paynow_last_error() says in a sentence what to fix. Numbers are never reused.
 * Handles     Clients, requests and completions are numbers, not pointers. One that was destroyed, freed or made
 *             up is refused with PAYNOW_E_INVALID_HANDLE, not crashed on.
 * Structs     Zero every byte, then set struct_size to sizeof the struct. Structs only ever grow at the end. Members
 *             named reserved must be 0.
 * Strings in  UTF-8. A member `x` has a companion `x_n`: its length in bytes, or 0 when it ends in NUL (so an empty
 *             string must end in NUL). NULL is "not given". Everything is copied before the function returns.
 * Strings out UTF-8 that ends in NUL, borrowed from their completion until that is freed. Text that holds a NUL
 *             itself looks cut short; paynow_completion_json has all of it.
 * Ids         PayNow's ids, SteamID64 and XUID are text of decimal digits: no digit is ever lost in a number.
 * Once        A request that was accepted completes exactly once, no later than its deadline and a few
 *             milliseconds: answered, failed, timed out, cancelled or shut down. A request that was refused never does.
 * Nothing     "There is no such customer" is an answer: PAYNOW_OK with found = 0.
 * fork        A child process gets PAYNOW_E_FORKED for its parent's clients and creates its own.
 * Unloading   The shared library stays in memory once loaded (-z nodelete). Destroy clients before the host ends.
 * Secrets     Neither API keys nor tokens occur in errors, messages or log lines.
 */

#ifndef PAYNOW_BRIDGE_H
#define PAYNOW_BRIDGE_H

#include <stddef.h>
#include <stdint.h>

// Switches off what has a default other than off.
#define PAYNOW_OFF UINT32_MAX

// Something is broken and stays so until someone acts.
#define PAYNOW_LOG_ERROR 1

// Something does not work at the moment.
#define PAYNOW_LOG_WARN 2

// Something changed.
#define PAYNOW_LOG_INFO 3

// How each single request went.
#define PAYNOW_LOG_DEBUG 4

// A player waits at a prompt.
#define PAYNOW_PRIORITY_INTERACTIVE 0

// An import, a warm-up: no player waits.
#define PAYNOW_PRIORITY_BACKGROUND 1

// The API's own order.
#define PAYNOW_ORDER_DEFAULT 0

// Oldest first.
#define PAYNOW_ORDER_ASCENDING 1

// Newest first.
#define PAYNOW_ORDER_DESCENDING 2

// Not given.
#define PAYNOW_MINECRAFT_ABSENT 0

// "unknown", or a value newer than this library.
#define PAYNOW_MINECRAFT_UNKNOWN 1

// Java Edition.
#define PAYNOW_MINECRAFT_JAVA 2

// Bedrock Edition.
#define PAYNOW_MINECRAFT_BEDROCK 3

// SteamID64. PayNow does not accept it at face value.
#define PAYNOW_PLATFORM_STEAM 1

// A name; Bedrock players are told apart by the store's own prefix setting.
#define PAYNOW_PLATFORM_MINECRAFT 2

// Name of a PayNow customer.
#define PAYNOW_PLATFORM_PAYNOW_NAME 3

// The same under its other spelling.
#define PAYNOW_PLATFORM_PAYNOW 4

// Name of a Java player.
#define PAYNOW_PLATFORM_MINECRAFT_JAVA_NAME 5

// Gamertag of a Bedrock player.
#define PAYNOW_PLATFORM_MINECRAFT_BEDROCK_NAME 6

// Xbox XUID.
#define PAYNOW_PLATFORM_XBOX_XUID 7

// Minecraft UUID.
#define PAYNOW_PLATFORM_MINECRAFT_UUID 8

// No Authorization header.
#define PAYNOW_AUTH_NONE 0

// The client's API key.
#define PAYNOW_AUTH_API_KEY 1

// A customer token.
#define PAYNOW_AUTH_CUSTOMER 2

// paynow_customer_fields.null_fields: the field is to be sent as null. The API allows it for the
// Minecraft UUID, the XUID, the name and the metadata only; the other two are refused.
#define PAYNOW_NULL_STEAM_ID 1

// See PAYNOW_NULL_STEAM_ID.
#define PAYNOW_NULL_MINECRAFT_UUID 2

// See PAYNOW_NULL_STEAM_ID.
#define PAYNOW_NULL_MINECRAFT_PLATFORM 4

// See PAYNOW_NULL_STEAM_ID.
#define PAYNOW_NULL_XBOX_XUID 8

// See PAYNOW_NULL_STEAM_ID.
#define PAYNOW_NULL_NAME 16

// See PAYNOW_NULL_STEAM_ID.
#define PAYNOW_NULL_METADATA 32

// It surely never left: repeating it is safe.
#define PAYNOW_SENT_NEVER 0

// It left, wholly or in part; whether the server acted on it is unknown.
#define PAYNOW_SENT_MAYBE 1

// The server answered.
#define PAYNOW_SENT_ANSWERED 2

// The API, asked for this request.
#define PAYNOW_SOURCE_NETWORK 0

// The API, asked for another request that wanted to know the same.
#define PAYNOW_SOURCE_SHARED 1

// The client's memory.
#define PAYNOW_SOURCE_CACHE 2

// The client's memory, because the API could not be asked: it may have changed meanwhile.
#define PAYNOW_SOURCE_STALE_CACHE 3

// Another server of the network, which asked the API lately.
#define PAYNOW_SOURCE_OTHER_SERVER 4

// paynow_customer.profiles: `profile` is there.
#define PAYNOW_HAS_PROFILE 1

// paynow_customer.profiles: `steam` is there.
#define PAYNOW_HAS_STEAM 2

// paynow_customer.profiles: `minecraft` is there.
#define PAYNOW_HAS_MINECRAFT 4

// A date that is missing or could not be read as a number.
#define PAYNOW_NO_DATE INT64_MIN

// Surely not created.
#define PAYNOW_BULK_FAILED -1

// It may have been created: the answer does not tell.
#define PAYNOW_BULK_UNKNOWN -2

// The interface this header describes.
#define PAYNOW_ABI_VERSION 0

// How a call or a request ended: one of the PAYNOW_OK, PAYNOW_E_* numbers.
typedef int32_t paynow_status;

// Names a client. 0 is never one.
typedef uint64_t paynow_client;

// Names a completion that was handed to the host; the same number as its request's. 0 is never one.
typedef uint64_t paynow_completion;

// Delivers a finished request. Runs on the thread that is inside paynow_client_poll or
// paynow_client_destroy, with no lock held. It may submit, cancel, ask for stats and read completions; poll
// and next return PAYNOW_E_REENTRANT, destroy returns PAYNOW_E_PENDING and happens when the outermost poll
// returns. The completion, and every string read from it, is freed when the callback returns. The callback
// must not throw, longjmp or end its thread.
typedef void (*paynow_completion_fn)(paynow_client client, paynow_completion completion, void *user_data);

// Delivers a line for the host's log: `level` is one of PAYNOW_LOG_*, `message` is one line of UTF-8,
// `length` bytes without the NUL that follows, valid during the call. Runs on the thread that is inside
// paynow_client_poll, paynow_client_next or paynow_client_destroy. Neither API keys nor tokens occur in it.
typedef void (*paynow_log_fn)(int32_t level, const char *message, size_t length, void *user_data);

// A Redis (6.2 or newer) or Valkey (7.2 or newer) that all servers of a store share: what one of them knows the others need
// not ask, a question is asked once, and rate_per_second is what they may ask together. While it does not answer, each
// server works alone, at its share of the rate. It needs an API key, which says what servers belong together. A text whose
// length is 0 ends in NUL.
typedef struct paynow_network {
  // sizeof(paynow_network)
  uint32_t struct_size;
  // Number of the database; 0 is the default.
  uint32_t database;
  // Where it is: `host`, `host:port` or `[::1]:port`, or several with commas between, of which the first that can be used
  // is. In a cluster any node leads to the right one. With sentinel_name those of the Sentinels. Required.
  const char *addresses;
  size_t addresses_n;
  // User to log in as; NULL is Redis's `default` when there is a password.
  const char *user;
  size_t user_n;
  // Password; may be NULL. It is copied, wiped when the client ends, and printed nowhere.
  const char *password;
  size_t password_n;
  // Environment variable to read the password from, in place of password; may be NULL.
  const char *password_env;
  size_t password_env_n;
  // File to read the password from, in place of password; refused when others than its owner can read it; may be NULL.
  const char *password_file;
  size_t password_file_n;
  // PEM file of certificates to trust besides the system's and the bundled ones; means TLS; may be NULL.
  const char *ca_file;
  size_t ca_file_n;
  // Name to find in the certificate, where it is another than that of the address; means TLS; may be NULL.
  const char *server_name;
  size_t server_name_n;
  // Name by which the Sentinels know the master; NULL: the addresses are not those of Sentinels.
  const char *sentinel_name;
  size_t sentinel_name_n;
  // Tells networks apart that share a store and a Redis: at most 64 letters, digits, dots, hyphens or underscores; may be
  // NULL.
  const char *network_id;
  size_t network_id_n;
  // Not 0: the connection is encrypted.
  uint32_t tls;
  // How long a request waits for the network at most before it goes on without, in ms, at most 10,000; 0 is the default, 100.
  uint32_t timeout_ms;
} paynow_network;

// How a client is made. Zero every byte, then set struct_size and what is to differ from the defaults.
typedef struct paynow_client_config {
  // sizeof(paynow_client_config)
  uint32_t struct_size;
  // Most worker threads, 1 to 1024; 0 is the default, 64. Only as many run as there is work for,
  // and beside an API that answers within a millisecond only as many as do any good. There are never more
  // connections than workers: each does one exchange at a time, and takes an idle connection before it opens one.
  uint32_t max_workers;
  // Id of the store, required: decimal digits.
  const char *store_id;
  size_t store_id_n;
  // Key of the Management API. NULL: only the storefront operations work. `APIKey xyz` is understood.
  const char *api_key;
  size_t api_key_n;
  // Where the API is; NULL is `https://api.paynow.gg`. Plain http is for loopback addresses only.
  const char *api_base;
  size_t api_base_n;
  // Product the host wants to be known as in User-Agent; NULL is the library alone.
  const char *user_agent;
  size_t user_agent_n;
  // Until when a request may take, from submission to completion, in ms; 0 is the default, 10,000.
  uint32_t deadline_ms;
  // How long one attempt to connect may take, in ms; 0 is the default, 3,000.
  uint32_t connect_timeout_ms;
  // Most requests submitted and not freed, 1 to 1,048,576; 0 is the default, 10,000.
  uint32_t max_outstanding;
  // Which log lines `on_log` gets: up to this PAYNOW_LOG_*; 0 is the default, PAYNOW_LOG_INFO.
  int32_t log_level;
  // Largest answer accepted, in bytes; 0 is the default, 1 MiB.
  uint64_t max_response_bytes;
  // Bytes of answers not yet freed, above which no new request is sent; 0 is the default, 64 MiB.
  uint64_t max_held_bytes;
  // Gets the completions whose call has no callback of its own; may be NULL.
  paynow_completion_fn on_completion;
  // Handed to `on_completion`.
  void *completion_user_data;
  // Gets the library's log lines; NULL: none are kept.
  paynow_log_fn on_log;
  // Handed to `on_log`.
  void *log_user_data;
  // How often a request is sent at most, the first time included, 1 to 100; 0 is the default, 3. Only what can do no
  // harm is repeated: reads, revoking tokens, and what surely never left.
  uint32_t max_attempts;
  // Longest wait before the first repetition, in ms, doubling with each; 0 is the default, 200.
  uint32_t retry_base_ms;
  // Failures in a row after which requests fail at once with PAYNOW_E_UNAVAILABLE, except for one probe at a time; 0 is the
  // default, 20; PAYNOW_OFF never: then no log line tells of an outage either.
  uint32_t circuit_threshold;
  // How long the answer to a lookup or get is remembered, in ms; 0 is the default, 300,000; PAYNOW_OFF remembers
  // nothing. Changing or creating a customer through this client makes it forget at once.
  uint32_t cache_ttl_ms;
  // How long "no such customer" is remembered, in ms; 0 is the default, 30,000.
  uint32_t cache_negative_ttl_ms;
  // How old an answer may be to stand in for a failure of the API, in ms; 0 is the default, 3,600,000.
  uint32_t cache_stale_ms;
  // Bytes of answers remembered; 0 is the default, 16 MiB.
  uint64_t cache_bytes;
  // Requests a second that may be sent; 0: no limit but what 429s teach.
  uint32_t rate_per_second;
  // Requests that may be sent at once after a quiet time; 0 is as many as rate_per_second.
  uint32_t rate_burst;
  // What the server puts before the names of Bedrock players; NULL is ".", "" nothing.
  const char *bedrock_prefix;
  size_t bedrock_prefix_n;
  // Environment variable to read the key from, in place of api_key; may be NULL.
  const char *api_key_env;
  size_t api_key_env_n;
  // File to read the key from, in place of api_key; refused when others than its owner can read it; may be NULL.
  const char *api_key_file;
  size_t api_key_file_n;
  // Proxy to go through, such as `http://proxy.example:3128`; "" is none; NULL leaves it to HTTPS_PROXY and NO_PROXY.
  const char *proxy;
  size_t proxy_n;
  // PEM file of certificates to trust besides the system's and the bundled ones; may be NULL.
  const char *ca_file;
  size_t ca_file_n;
  // Not 0: PayNow is asked with the Bedrock prefix. Whether it wants that is nowhere documented.
  uint32_t send_bedrock_prefix;
  // Not 0: a paynow_player with a UUID made in offline mode (version 3) is looked up by that, not by name.
  uint32_t offline_players_by_uuid;
  // Connections held ready, so that a request finds one with its name resolved and its handshakes done, at most
  // max_workers; 0 is the default, 1; PAYNOW_OFF opens each with the request that needs it. They are opened in the
  // background from paynow_client_create on and again when the server closes them, as long as the host collects and until
  // an hour after its last request.
  uint32_t warm_connections;
  // Must be 0.
  uint32_t reserved;
  // What joins the other servers of the store; NULL: this one is alone.
  const struct paynow_network *network;
  // Whether it is noted how each of the last 1,024 requests went, for paynow_client_dump: 0 notes it, PAYNOW_OFF does not. It
  // takes 256 KiB at most, and nothing of the threads that submit and collect. Of what was asked nothing is kept.
  uint32_t flight_recorder;
  // Must be 0.
  uint32_t reserved2;
} paynow_client_config;

// Names a request from its submission until its completion is freed. 0 is never one.
typedef uint64_t paynow_request_id;

// What a client has done and is doing.
typedef struct paynow_stats {
  // Set by the caller: sizeof(paynow_stats). No more than this is written.
  uint32_t struct_size;
  // Worker threads alive.
  uint32_t workers;
  // Worker threads that work on a request.
  uint32_t workers_busy;
  // Requests accepted whose completion is not freed yet.
  uint32_t outstanding;
  // Requests accepted.
  uint64_t submitted;
  // Requests refused with PAYNOW_E_QUEUE_FULL.
  uint64_t rejected_full;
  // Requests that ended with an answer, "no such customer" included.
  uint64_t completed_ok;
  // Requests that failed in any other way than the following two.
  uint64_t completed_error;
  // Requests not answered by their deadline.
  uint64_t timed_out;
  // Requests the host cancelled.
  uint64_t cancelled;
  // Completions handed to the host.
  uint64_t delivered;
  // Completions that poll freed because there was no callback for them.
  uint64_t discarded;
  // Log lines lost because the host did not poll.
  uint64_t log_dropped;
  // Bytes of answers that are not freed yet.
  uint64_t held_bytes;
  // Connections opened so far.
  uint64_t connections_opened;
  // Attempts that were repetitions.
  uint64_t retries;
  // Repetitions left out because too much of the traffic was repetitions.
  uint64_t retries_denied;
  // Answers 429.
  uint64_t rate_limited;
  // Requests answered from memory.
  uint64_t cache_hits;
  // Requests answered from memory because the API could not be asked.
  uint64_t cache_stale;
  // Requests that got the answer to another request's question.
  uint64_t coalesced;
  // Requests that failed at once because the API had not answered for a while.
  uint64_t unavailable;
  // Answers remembered.
  uint64_t cache_entries;
  // Bytes of answers remembered.
  uint64_t cache_bytes;
  // 1 while requests fail at once, 0 otherwise.
  uint32_t circuit_open;
  // Must be ignored.
  uint32_t reserved;
  // TLS handshakes done so far: one for each connection opened with https, none without.
  uint64_t handshakes;
  // Connections open and idle: a request that comes now opens none.
  uint64_t warm_connections;
  // 1 while the network of servers answers, 0 while it does not, or none is set up.
  uint32_t network_up;
  // Servers seen in the network lately, this one included.
  uint32_t network_servers;
  // What an answer of the network takes at present, in microseconds.
  uint64_t network_round_trip_us;
  // Connections made to the network so far.
  uint64_t network_connections;
  // Commands sent to the network so far.
  uint64_t network_commands;
  // Questions another server had the answer to.
  uint64_t network_hits;
  // How often a question waited because another server asked it.
  uint64_t network_waits;
  // Requests the network's budget refused.
  uint64_t network_refused;
  // How often the network did not answer, so that the local rules held.
  uint64_t network_alone;
} paynow_stats;

// One of several texts.
typedef struct paynow_text {
  const char *text;
  size_t text_n;
} paynow_text;

// Which customers to list, and in what order.
typedef struct paynow_list_query {
  // sizeof(paynow_list_query)
  uint32_t struct_size;
  // Not 0: `limit` is given.
  uint32_t has_limit;
  // 1 to 100 customers.
  uint32_t limit;
  // One of PAYNOW_ORDER_*.
  int32_t order;
  // Only customers after the one with this id; may be NULL.
  const char *after;
  size_t after_n;
  // Only customers before the one with this id; may be NULL.
  const char *before;
  size_t before_n;
  // Text to search for; may be NULL.
  const char *search;
  size_t search_n;
  // Only the customers with these ids, 1 to 100; NULL: whatever their ids. Ids of no customer are left out of the
  // answer. Without a limit as many are asked for as there are ids.
  const struct paynow_text *customer_ids;
  size_t customer_ids_count;
} paynow_list_query;

// Frees what a call's user_data points to. Called exactly once for every request that was accepted, after
// its completion was delivered, on the thread that is inside paynow_client_poll, paynow_completion_free or
// paynow_client_destroy. Not called for a request that was refused.
typedef void (*paynow_user_data_free_fn)(void *user_data);

// How one request differs from the others. NULL in its place, or zeros, is the default.
typedef struct paynow_call {
  // sizeof(paynow_call)
  uint32_t struct_size;
  // Until when it may take, from now to its completion, in ms; 0 is the client's default.
  uint32_t deadline_ms;
  // One of PAYNOW_PRIORITY_*.
  int32_t priority;
  // Must be 0.
  uint32_t reserved;
  // What paynow_client_cancel_all finds it by: a player, a plugin.
  uint64_t tag;
  // Gets the completion, in place of the client's on_completion; may be NULL.
  paynow_completion_fn on_completion;
  // Handed to `on_completion`, and found in paynow_completion_info.
  void *user_data;
  // Frees user_data; may be NULL.
  paynow_user_data_free_fn user_data_free;
} paynow_call;

// One entry of a customer's metadata.
typedef struct paynow_metadata_entry {
  const char *key;
  size_t key_n;
  const char *value;
  size_t value_n;
} paynow_metadata_entry;

// What a customer is created with or changed to. A field is left out when it is NULL (0 for
// minecraft_platform) and its bit in null_fields is not set: an update then leaves it as it is.
typedef struct paynow_customer_fields {
  // sizeof(paynow_customer_fields). The elements of an array are so many bytes apart.
  uint32_t struct_size;
  // Fields to be sent as null: PAYNOW_NULL_* bits.
  uint32_t null_fields;
  // SteamID64.
  const char *steam_id;
  size_t steam_id_n;
  // Minecraft UUID, with or without dashes.
  const char *minecraft_uuid;
  size_t minecraft_uuid_n;
  // Xbox XUID in decimal digits.
  const char *xbox_xuid;
  size_t xbox_xuid_n;
  // Display name of the customer.
  const char *name;
  size_t name_n;
  // Data to attach; not NULL with a count of 0 is the empty set.
  const struct paynow_metadata_entry *metadata;
  size_t metadata_count;
  // One of PAYNOW_MINECRAFT_*.
  int32_t minecraft_platform;
  // Must be 0.
  uint32_t reserved;
} paynow_customer_fields;

// What a customer is looked up by: exactly one is not NULL.
typedef struct paynow_lookup_query {
  // sizeof(paynow_lookup_query)
  uint32_t struct_size;
  // Must be 0.
  uint32_t reserved;
  // PayNow's id of the customer.
  const char *id;
  size_t id_n;
  // SteamID64.
  const char *steam_id;
  size_t steam_id_n;
  // Minecraft UUID, with or without dashes. Misses in offline-mode stores.
  const char *minecraft_uuid;
  size_t minecraft_uuid_n;
  // Xbox XUID in decimal digits: right for Bedrock players, whose names have prefixes.
  const char *xbox_xuid;
  size_t xbox_xuid_n;
  // Name of a Java (or offline-mode) player.
  const char *minecraft_java_name;
  size_t minecraft_java_name_n;
  // Gamertag of a Bedrock player, without the server's prefix.
  const char *minecraft_bedrock_name;
  size_t minecraft_bedrock_name_n;
  // Name set on the customer itself; profile names are not matched.
  const char *name;
  size_t name_n;
} paynow_lookup_query;

// What the host knows of a player. The strongest key wins: Steam, XUID, UUID, name. A Floodgate UUID is read as the
// XUID it holds, a UUID made in offline mode is left for the name, a name with the Bedrock prefix is a gamertag.
typedef struct paynow_player {
  // sizeof(paynow_player)
  uint32_t struct_size;
  // Must be 0.
  uint32_t reserved;
  // SteamID64; may be NULL.
  const char *steam_id;
  size_t steam_id_n;
  // Xbox XUID in decimal digits; may be NULL.
  const char *xbox_xuid;
  size_t xbox_xuid_n;
  // Minecraft UUID as the server knows it; may be NULL.
  const char *minecraft_uuid;
  size_t minecraft_uuid_n;
  // Name in the game; may be NULL.
  const char *name;
  size_t name_n;
} paynow_player;

// Who wants to be authenticated in the storefront.
typedef struct paynow_authentication {
  // sizeof(paynow_authentication)
  uint32_t struct_size;
  // Where the account is: one of PAYNOW_PLATFORM_*.
  int32_t platform;
  // Which account: what the platform calls it. Required.
  const char *id;
  size_t id_n;
  // The player's IPv4 or IPv6 address, without port or brackets. Required.
  const char *customer_ip;
  size_t customer_ip_n;
  // The player's country, two capital letters (ISO 3166-1 alpha-2); may be NULL.
  const char *customer_countrycode;
  size_t customer_countrycode_n;
} paynow_authentication;

// Which gift card to look up, and who asks.
typedef struct paynow_giftcard_query {
  // sizeof(paynow_giftcard_query)
  uint32_t struct_size;
  // Must be 0.
  uint32_t reserved;
  // Token of the customer who asks. Required.
  const char *customer_token;
  size_t customer_token_n;
  // The code on the card. Required.
  const char *code;
  size_t code_n;
} paynow_giftcard_query;

// Any other operation of the API.
typedef struct paynow_raw_request {
  // sizeof(paynow_raw_request)
  uint32_t struct_size;
  // One of PAYNOW_AUTH_*.
  int32_t auth;
  // "GET", "POST", "PUT", "PATCH" or "DELETE". Required.
  const char *method;
  size_t method_n;
  // Path and query, percent-encoded; `{store_id}` is replaced by the client's. Segments `.` and `..` are refused, also
  // percent-encoded. Required.
  const char *path;
  size_t path_n;
  // A JSON document to send; may be NULL.
  const char *json;
  size_t json_n;
  // The token for PAYNOW_AUTH_CUSTOMER; NULL otherwise.
  const char *customer_token;
  size_t customer_token_n;
} paynow_raw_request;

// A walk through all customers of a store, page by page. Zero every byte, then set struct_size and what is to differ from
// the defaults; the library keeps its place in it. See paynow_pages_submit.
typedef struct paynow_pages {
  // sizeof(paynow_pages)
  uint32_t struct_size;
  // Customers a page, 1 to 100; 0 is 100.
  uint32_t limit;
  // PAYNOW_ORDER_DESCENDING for newest first; oldest first otherwise.
  int32_t order;
  // 1 when the walk is over. Written by the library.
  uint32_t is_over;
  // Id of the last customer that came, 0 at first: the walk goes on behind it. Written by the library.
  uint64_t cursor;
  // Text to search for; may be NULL. Must live as long as the walk.
  const char *search;
  size_t search_n;
} paynow_pages;

// A bulk of any size, sent in pieces of 200. Zero every byte, then set struct_size, customers and count; the library keeps
// its place in it. See paynow_bulk_submit.
typedef struct paynow_bulk {
  // sizeof(paynow_bulk)
  uint32_t struct_size;
  // Must be 0.
  uint32_t reserved;
  // As for paynow_bulk_create_customers, but of any number. Must live and stay as they are until all are done.
  const struct paynow_customer_fields *customers;
  size_t count;
  // How many are done, whatever became of them. Written by the library.
  size_t done;
} paynow_bulk;

// Which operation a completion belongs to: one of the PAYNOW_OP_* numbers.
typedef int32_t paynow_operation;

// How a request ended. The strings are borrowed from the completion.
typedef struct paynow_completion_info {
  // Set by the caller: sizeof(paynow_completion_info). No more than this is written.
  uint32_t struct_size;
  // How it ended.
  paynow_status status;
  // Which operation it was.
  paynow_operation operation;
  // 1 when the answer holds a value (a customer, a list, a token, a card, JSON); 0 when it failed, holds
  // nothing by contract, or there is no such customer or card.
  int32_t found;
  // The HTTP status; 0 when no answer came.
  int32_t http_status;
  // How often it was sent or begun to be sent.
  uint32_t attempts;
  // Whether it reached the server: one of PAYNOW_SENT_*.
  int32_t sent;
  // Customers in the answer: 1 for one customer, 0 or more for a list.
  uint32_t customer_count;
  // When the server wants to be asked again, in ms, at most 300,000; -1 when it did not say.
  int64_t retry_after_ms;
  // How long it waited for a worker, in microseconds.
  uint64_t queue_us;
  // How long a worker was at it, in microseconds; its whole life when it ended without an answer after a
  // worker had begun.
  uint64_t network_us;
  // How long ago it finished, in microseconds.
  uint64_t age_us;
  // Its call's tag.
  uint64_t tag;
  // Its call's user_data.
  void *user_data;
  // What happened, in a sentence for a log; NULL when status is PAYNOW_OK. Holds no secret.
  const char *message;
  // PayNow's word for its error; NULL when it sent none.
  const char *error_code;
  // What PayNow's support wants to know; NULL when it sent none.
  const char *trace_id;
  // Its request: the same number as the completion.
  paynow_request_id request;
  // Where the answer comes from: one of PAYNOW_SOURCE_*.
  int32_t source;
  // Must be ignored.
  uint32_t reserved;
} paynow_completion_info;

// A profile on a platform. Members are NULL when the API did not say.
typedef struct paynow_profile {
  // Identifier on the platform. In `minecraft` a UUID, a name (offline mode) or an XUID (Geyser): never parse it blindly.
  const char *id;
  // Name of the platform; only in `profile`.
  const char *platform;
  // Display name on the platform.
  const char *name;
  // Address of the avatar picture.
  const char *avatar_url;
} paynow_profile;

// A customer. The strings are borrowed from the completion; NULL when the API did not say, except for `id`.
typedef struct paynow_customer {
  // Set by the caller: sizeof(paynow_customer). No more than this is written.
  uint32_t struct_size;
  // One of PAYNOW_MINECRAFT_*.
  int32_t minecraft_platform;
  // Which of `profile`, `steam` and `minecraft` are there: PAYNOW_HAS_* bits.
  uint32_t profiles;
  // Entries of metadata: see paynow_completion_metadata.
  uint32_t metadata_count;
  // PayNow's id: a 64-bit number as text. Never NULL.
  const char *id;
  const char *store_id;
  // SteamID64.
  const char *steam_id;
  // As the API spelled it. Unset in offline-mode stores; derived from the XUID for Geyser players.
  const char *minecraft_uuid;
  const char *xbox_xuid;
  // Name set on the customer itself.
  const char *name;
  // RFC 3339, as the API spelled it.
  const char *created_at;
  const char *updated_at;
  // The same as milliseconds since 1970, PAYNOW_NO_DATE when missing or unreadable.
  int64_t created_at_ms;
  int64_t updated_at_ms;
  // The profile the store shows.
  struct paynow_profile profile;
  struct paynow_profile steam;
  struct paynow_profile minecraft;
} paynow_customer;

// A gift card. The strings are borrowed from the completion.
typedef struct paynow_giftcard {
  // Set by the caller: sizeof(paynow_giftcard). No more than this is written.
  uint32_t struct_size;
  // Must be ignored.
  uint32_t reserved;
  // The code it is redeemed with. Never NULL.
  const char *code;
  // What is left, in the store's smallest unit of money. The API names no currency.
  int64_t balance;
  // What it was issued with.
  int64_t starting_balance;
  // RFC 3339; NULL when it never expires.
  const char *expires_at;
  // The same as milliseconds since 1970; PAYNOW_NO_DATE when missing or unreadable.
  int64_t expires_at_ms;
} paynow_giftcard;

// PayNow's own words for an error. The strings are borrowed from the completion; NULL when it did not say.
typedef struct paynow_api_error {
  // Set by the caller: sizeof(paynow_api_error). No more than this is written.
  uint32_t struct_size;
  // The status in the body, 0 when it was missing. Branch on paynow_completion_info.http_status instead.
  int32_t status;
  // No list of codes exists and spelling is inconsistent: show it, do not branch on it.
  const char *code;
  const char *message;
  const char *trace_id;
  // One for each invalid input: see paynow_completion_validation_error.
  size_t error_count;
} paynow_api_error;

// One validation error: what was wrong with the input. The strings are borrowed from the completion; NULL when PayNow did not say.
typedef struct paynow_validation_error {
  // Set by the caller: sizeof(paynow_validation_error). No more than this is written.
  uint32_t struct_size;
  // Segments of the path: see paynow_completion_validation_path.
  uint32_t path_count;
  const char *code;
  const char *message;
  // Where in the input, segments joined by dots. Never NULL.
  const char *path;
  // The check that failed.
  const char *validation;
} paynow_validation_error;

// It worked. For a lookup, paynow_completion_info.found says whether anything was found.
#define PAYNOW_OK 0

// An argument cannot be used: NULL, not UTF-8, malformed, out of range, a wrong struct_size.
// paynow_last_error() names it. Nothing was sent.
#define PAYNOW_E_INVALID_ARGUMENT 1

// The handle or id names nothing (any more): never given out, destroyed, freed, or not yet collected.
#define PAYNOW_E_INVALID_HANDLE 2

// As many requests are outstanding as the client allows. Collect completions before submitting more.
#define PAYNOW_E_QUEUE_FULL 3

// The client is shut down. As a completion's status: it was shut down before the request ended.
#define PAYNOW_E_SHUTDOWN 4

// paynow_client_poll or paynow_client_next was called from inside a callback that one of them runs.
#define PAYNOW_E_REENTRANT 5

// Another thread is inside paynow_client_poll or paynow_client_next of this client.
#define PAYNOW_E_BUSY 6

// The client will be destroyed when the poll or next that is running returns.
#define PAYNOW_E_PENDING 7

// This process was forked from the one that created the client. Create a client of its own here.
#define PAYNOW_E_FORKED 8

// The operation needs an API key and the client was created without one.
#define PAYNOW_E_NO_API_KEY 9

// The completion does not hold what was asked for, or the index is beyond its end.
#define PAYNOW_E_NO_VALUE 10

// This machine lacks something: there is no memory for it, the system starts no thread, or 255 clients exist already.
// As a completion's status: there was no memory for the request or its answer.
#define PAYNOW_E_RESOURCES 11

// The request had ended already when it was to be cancelled.
#define PAYNOW_E_TOO_LATE 12

// A fault inside the library was contained. Please report it.
#define PAYNOW_E_INTERNAL 13

// Not answered by its deadline.
#define PAYNOW_E_TIMEOUT 20

// Cancelled by the host.
#define PAYNOW_E_CANCELLED 21

// The name of the API's host could not be resolved.
#define PAYNOW_E_RESOLVE 22

// No connection to the API could be made.
#define PAYNOW_E_CONNECT 23

// The TLS handshake failed: certificate, host name or protocol.
#define PAYNOW_E_TLS 24

// The connection broke before the answer was complete.
#define PAYNOW_E_TRANSPORT 25

// The answer is larger than the client accepts.
#define PAYNOW_E_RESPONSE_TOO_LARGE 26

// The answer is not what the contract says; a 404 that is not a PayNowError is one (a mistyped api_base).
#define PAYNOW_E_INVALID_RESPONSE 27

// Not asked: the API has not answered for a while, and is asked again soon.
#define PAYNOW_E_UNAVAILABLE 28

// HTTP 401: the API key or customer token is not valid.
#define PAYNOW_E_UNAUTHORIZED 40

// HTTP 403: the credential does not allow this.
#define PAYNOW_E_FORBIDDEN 41

// HTTP 404 where that does not simply mean "no such customer".
#define PAYNOW_E_NOT_FOUND 42

// HTTP 409: it exists already, or was changed meanwhile.
#define PAYNOW_E_CONFLICT 43

// HTTP 429: too many requests. paynow_completion_info.retry_after_ms says when to come back, if known.
#define PAYNOW_E_RATE_LIMITED 44

// Any other HTTP 4xx.
#define PAYNOW_E_API 45

// HTTP 5xx.
#define PAYNOW_E_SERVER 46

// paynow_list_customers
#define PAYNOW_OP_LIST_CUSTOMERS 1

// paynow_create_customer
#define PAYNOW_OP_CREATE_CUSTOMER 2

// paynow_get_customer
#define PAYNOW_OP_GET_CUSTOMER 3

// paynow_update_customer
#define PAYNOW_OP_UPDATE_CUSTOMER 4

// paynow_create_customer_token
#define PAYNOW_OP_CREATE_CUSTOMER_TOKEN 5

// paynow_invalidate_customer_tokens
#define PAYNOW_OP_INVALIDATE_CUSTOMER_TOKENS 6

// paynow_lookup_customer
#define PAYNOW_OP_LOOKUP_CUSTOMER 7

// paynow_bulk_create_customers
#define PAYNOW_OP_BULK_CREATE_CUSTOMERS 8

// paynow_authenticate_customer
#define PAYNOW_OP_AUTHENTICATE_CUSTOMER 9

// paynow_get_current_customer
#define PAYNOW_OP_GET_CURRENT_CUSTOMER 10

// paynow_lookup_giftcard
#define PAYNOW_OP_LOOKUP_GIFTCARD 11

// paynow_request
#define PAYNOW_OP_REQUEST 12

// paynow_ensure_customer
#define PAYNOW_OP_ENSURE_CUSTOMER 13

// paynow_token_for
#define PAYNOW_OP_TOKEN_FOR 14

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The status in words, for a log: static, never NULL, also for numbers that mean nothing. Any thread,
// never blocks.
const char *paynow_status_text(paynow_status status);

// Why the last call that failed on this thread failed, in a sentence that names the argument; ""
// when none has failed. Holds no secret. Valid until the next call that fails on this thread. A call that
// succeeds leaves it as it is. Never NULL, never blocks.
const char *paynow_last_error(void);

// Version of the C interface: grows when something is removed or changes its meaning. Compare it with
// PAYNOW_ABI_VERSION when the library is loaded at run time. Any thread, never blocks.
uint32_t paynow_abi_version(void);

// Version of the library, such as "0.2.0". Static, never NULL. Any thread, never blocks.
const char *paynow_version(void);

// Makes a client for one store and writes its handle to `*out_client`.
//
// Starts one thread, which has a worker open the connections that are held ready (warm_connections); more workers come
// with the requests. The call itself waits for nothing of the network, and reads no files but api_key_file, ca_file and those
// that `network` names.
// Everything `config` points to is copied. Any thread; takes some 100 microseconds.
//
// PAYNOW_E_INVALID_ARGUMENT, PAYNOW_E_RESOURCES.
paynow_status paynow_client_create(const struct paynow_client_config *config,
                                   paynow_client *out_client);

// Another API key from here on, for requests that have not been sent yet. What is remembered stays. `key_n` is its
// length in bytes, 0 when it ends in NUL. Any thread; may wait some microseconds for a worker that reads the old key.
//
// PAYNOW_E_INVALID_ARGUMENT, PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
paynow_status paynow_client_set_api_key(paynow_client client,
                                        const char *key,
                                        size_t key_n);

// Delivers what has finished: for each completion its call's callback runs, or else the client's, on this
// thread; then the completion is freed. Log lines come first.
//
// Delivers what had finished when it was called, at most `max_events` (0: no limit), and stops early once
// `budget_us` microseconds are used up (0: no budget), though not before the first; the budget is looked at
// between callbacks. `out_delivered` gets the number and may be NULL.
//
// Any thread, one at a time; never waits and makes no system call of its own.
//
// PAYNOW_E_REENTRANT inside a callback, PAYNOW_E_BUSY while another thread collects, PAYNOW_E_INVALID_HANDLE,
// PAYNOW_E_FORKED.
paynow_status paynow_client_poll(paynow_client client,
                                 uint32_t max_events,
                                 uint32_t budget_us,
                                 uint32_t *out_delivered);

// Hands out finished requests without callbacks: up to `capacity` of them are written to
// `out_completions`, their number to `*out_count`. The host reads each with the paynow_completion_* functions
// and gives it back with paynow_completion_free; until then it counts as outstanding.
//
// With `timeout_ms` 0 it never waits and makes no system call; otherwise it waits for a first one that
// long, or until the client is shut down. Any thread, one at a time. Log lines are delivered first.
//
// PAYNOW_OK also when none has finished. PAYNOW_E_REENTRANT, PAYNOW_E_BUSY, PAYNOW_E_INVALID_ARGUMENT,
// PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
paynow_status paynow_client_next(paynow_client client,
                                 uint32_t timeout_ms,
                                 paynow_completion *out_completions,
                                 size_t capacity,
                                 size_t *out_count);

// Cancels a request. PAYNOW_OK: that decided it, and its completion says PAYNOW_E_CANCELLED; it comes through
// poll or next like any other. PAYNOW_E_TOO_LATE: it had ended already. Any thread, never blocks.
//
// PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
paynow_status paynow_client_cancel(paynow_client client, paynow_request_id request);

// Cancels every request of the client with this tag that has not ended: those of a player who left, of a
// plugin that was disabled. Tag 0 is that of every call that gave none. `out_cancelled` gets the number and may be
// NULL. Any thread, never blocks; takes a microsecond per thousand outstanding requests.
//
// Their callbacks run with PAYNOW_E_CANCELLED in a later poll or next. A request that had ended and was not collected
// yet is not counted, and its callback runs with its answer. So keep what user_data points to until the callback has run,
// or give a user_data_free: after this function it may still be used.
//
// PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
paynow_status paynow_client_cancel_all(paynow_client client,
                                       uint64_t tag,
                                       uint32_t *out_cancelled);

// Writes what the client has done and is doing. Set `out->struct_size` first. Any thread, never blocks, makes no system
// call.
//
// PAYNOW_E_INVALID_ARGUMENT, PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
paynow_status paynow_client_stats(paynow_client client,
                                  struct paynow_stats *out);

// Writes what is known about the client as OpenMetrics text, for Prometheus and its like: what paynow_client_stats has, in
// base units, how it stands with the rate, and histograms of how long answers took and requests waited, by operation and
// outcome. The content type is `application/openmetrics-text; version=1.0.0; charset=utf-8`.
//
// As snprintf does: at most `capacity` bytes are written, the last of them a NUL, and `*out_length` gets the length of the
// whole text without it. When that is not less than `capacity`, the text is cut off: give more room and call again, some more
// than that, since numbers grow. `buffer` may be NULL when `capacity` is 0. Some 10 KB are usual.
//
// Any thread, takes no lock and makes no system call. But it writes all that text: not for the tick thread.
//
// PAYNOW_E_INVALID_ARGUMENT, PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
paynow_status paynow_client_metrics(paynow_client client,
                                    char *buffer,
                                    size_t capacity,
                                    size_t *out_length);

// Writes what the client was made with, and how each of the last 1,024 requests went, as lines of JSON: for a look at what went
// wrong. It holds no key, no token, and nothing of what was asked. What the lines say is in docs/operations.md. Without a
// flight_recorder it is the first line alone.
//
// At most `capacity` bytes are written, the last of them a NUL, and `*out_length` gets the length of the whole text without
// it, like snprintf: when that is not less than `capacity`, give more room, and some for what comes meanwhile. Up to 700 KB.
//
// Any thread that has time: it may wait some microseconds for a lock of the library's own threads, and it writes all that
// text.
//
// PAYNOW_E_INVALID_ARGUMENT, PAYNOW_E_RESOURCES, PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
paynow_status paynow_client_dump(paynow_client client,
                                 char *buffer,
                                 size_t capacity,
                                 size_t *out_length);

// Accepts nothing more, and ends every request that has not ended with PAYNOW_E_SHUTDOWN. The completions can
// still be collected. Any thread; may wait some microseconds for a lock of the library's own threads.
//
// PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
paynow_status paynow_client_shutdown(paynow_client client);

// Shuts the client down, delivers every completion that was not collected (callbacks run on this thread),
// frees those that were and were not given back, and ends the library's threads: ordinarily within
// milliseconds, at most some 10 seconds. Afterwards the handle and all ids name nothing, borrowed strings are gone,
// and nothing of this client runs any more.
//
// Inside a callback it returns PAYNOW_E_PENDING, and all that happens when the outermost poll or next returns;
// the same when another thread is still inside a callback after 5 seconds.
//
// PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
paynow_status paynow_client_destroy(paynow_client client);

// Lists customers: `GET /v1/stores/{store_id}/customers`. The answer is a list, see
// paynow_completion_info.customer_count and paynow_completion_customer. `query` may be NULL.
//
// As every function that submits: `call` may be NULL; `out_request` may be NULL and is written only on success.
// All input is copied. Any thread; never waits, makes no system call, wakes no thread.
//
// PAYNOW_E_INVALID_ARGUMENT, PAYNOW_E_QUEUE_FULL, PAYNOW_E_SHUTDOWN, PAYNOW_E_NO_API_KEY, PAYNOW_E_INVALID_HANDLE,
// PAYNOW_E_FORKED: the request was not accepted, nothing is sent, and no completion comes.
paynow_status paynow_list_customers(paynow_client client,
                                    const struct paynow_list_query *query,
                                    const struct paynow_call *call,
                                    paynow_request_id *out_request);

// Creates a customer: `POST /v1/stores/{store_id}/customers`. The answer is the customer. Not repeatable: one
// that may have been sent (paynow_completion_info.sent) and was not answered can exist. PAYNOW_E_NOT_FOUND: no such
// account at the platform; PAYNOW_E_CONFLICT: the customer exists. Threads and errors as paynow_list_customers.
paynow_status paynow_create_customer(paynow_client client,
                                     const struct paynow_customer_fields *fields,
                                     const struct paynow_call *call,
                                     paynow_request_id *out_request);

// Gets a customer by PayNow's id: `GET /v1/stores/{store_id}/customers/{customer_id}`. The answer is the
// customer, or found = 0. `customer_id_n` is its length in bytes, 0 when it ends in NUL. Threads and errors as
// paynow_list_customers.
paynow_status paynow_get_customer(paynow_client client,
                                  const char *customer_id,
                                  size_t customer_id_n,
                                  const struct paynow_call *call,
                                  paynow_request_id *out_request);

// Changes a customer: `PATCH /v1/stores/{store_id}/customers/{customer_id}`. Fields that are absent stay as
// they are. The answer is the customer. Whether metadata is merged or replaced is nowhere documented. Threads
// and errors as paynow_list_customers.
paynow_status paynow_update_customer(paynow_client client,
                                     const char *customer_id,
                                     size_t customer_id_n,
                                     const struct paynow_customer_fields *fields,
                                     const struct paynow_call *call,
                                     paynow_request_id *out_request);

// Mints a token the customer is known by in the storefront: `POST …/customers/{customer_id}/tokens`. It does not
// expire by default; the API key needs the permission customer_update. The answer is the token, see
// paynow_completion_token. Threads and errors as paynow_list_customers.
paynow_status paynow_create_customer_token(paynow_client client,
                                           const char *customer_id,
                                           size_t customer_id_n,
                                           const struct paynow_call *call,
                                           paynow_request_id *out_request);

// Revokes *all* tokens of the customer: `DELETE …/customers/{customer_id}/tokens`. The API key needs the
// permission `customer_update`. The answer holds nothing. Threads and errors as paynow_list_customers.
paynow_status paynow_invalidate_customer_tokens(paynow_client client,
                                                const char *customer_id,
                                                size_t customer_id_n,
                                                const struct paynow_call *call,
                                                paynow_request_id *out_request);

// Looks a customer up by exactly one key: `GET /v1/stores/{store_id}/customers/lookup`. The answer is the
// customer, or found = 0 when the customer does not exist. Threads and errors as paynow_list_customers.
paynow_status paynow_lookup_customer(paynow_client client,
                                     const struct paynow_lookup_query *query,
                                     const struct paynow_call *call,
                                     paynow_request_id *out_request);

// Looks a player up by the strongest key the host knows. The answer is as for paynow_lookup_customer, and
// its completion says PAYNOW_OP_LOOKUP_CUSTOMER. Threads
// and errors as paynow_list_customers.
paynow_status paynow_lookup_player(paynow_client client,
                                   const struct paynow_player *player,
                                   const struct paynow_call *call,
                                   paynow_request_id *out_request);

// The player's customer, created if need be: looks up, creates the unknown, and looks up again when another
// server was first. The answer is the customer. Calls for the same player share one answer. Threads and errors
// as paynow_list_customers.
paynow_status paynow_ensure_customer(paynow_client client,
                                     const struct paynow_player *player,
                                     const struct paynow_call *call,
                                     paynow_request_id *out_request);

// paynow_ensure_customer, and a token of theirs. The answer holds both: paynow_completion_customer and
// paynow_completion_token. Threads and errors as paynow_list_customers.
paynow_status paynow_token_for(paynow_client client,
                               const struct paynow_player *player,
                               const struct paynow_call *call,
                               paynow_request_id *out_request);

// What is remembered of a lookup, without asking the API: for placeholders and permission checks on the tick
// thread. `*out_completion` is read like any completion (found = 0: remembered that the customer does not exist) and given
// back with paynow_completion_free. Any thread, never waits, well under a microsecond.
//
// PAYNOW_E_NO_VALUE when nothing fresh is remembered, or the place is being written to at this very moment.
// PAYNOW_E_INVALID_ARGUMENT, PAYNOW_E_QUEUE_FULL, PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
paynow_status paynow_client_peek(paynow_client client,
                                 const struct paynow_lookup_query *query,
                                 paynow_completion *out_completion);

// paynow_client_peek for a player.
paynow_status paynow_client_peek_player(paynow_client client,
                                        const struct paynow_player *player,
                                        paynow_completion *out_completion);

// Creates 1 to 200 customers at once: `POST /v1/stores/{store_id}/customers/bulk`. `customers` points to `count`
// structs, each `customers[0].struct_size` bytes behind the one before. The answer is a list; its order, and what becomes of the
// rest when one cannot be created, are nowhere documented. Threads and errors as paynow_list_customers.
paynow_status paynow_bulk_create_customers(paynow_client client,
                                           const struct paynow_customer_fields *customers,
                                           size_t count,
                                           const struct paynow_call *call,
                                           paynow_request_id *out_request);

// Authenticates the owner of a platform account, who becomes a customer: `POST /v1/store/customer/auth`. The
// answer is a token, see paynow_completion_token. Needs no API key. Threads and errors as paynow_list_customers.
paynow_status paynow_authenticate_customer(paynow_client client,
                                           const struct paynow_authentication *authentication,
                                           const struct paynow_call *call,
                                           paynow_request_id *out_request);

// Gets the customer a token belongs to: `GET /v1/store/customer`. The answer is the customer;
// PAYNOW_E_UNAUTHORIZED when the token was revoked or never valid. `customer_token_n` is its length in bytes, 0
// when it ends in NUL. Needs no API key. Threads and errors as paynow_list_customers.
paynow_status paynow_get_current_customer(paynow_client client,
                                          const char *customer_token,
                                          size_t customer_token_n,
                                          const struct paynow_call *call,
                                          paynow_request_id *out_request);

// Looks a gift card up for a customer: `GET /v1/store/customer/giftcards/lookup/{code}`. The answer is the card,
// see paynow_completion_giftcard, or found = 0 when the card does not exist. Guard it against guessing. Needs no API key.
// Threads and errors as paynow_list_customers.
paynow_status paynow_lookup_giftcard(paynow_client client,
                                     const struct paynow_giftcard_query *query,
                                     const struct paynow_call *call,
                                     paynow_request_id *out_request);

// Any other operation of the API, under the same promise. The answer is JSON, see paynow_completion_json, or
// nothing. Threads and errors as paynow_list_customers.
paynow_status paynow_request(paynow_client client,
                             const struct paynow_raw_request *request,
                             const struct paynow_call *call,
                             paynow_request_id *out_request);

// Asks for the next page of a walk: a paynow_list_customers, whose completion is handed to paynow_pages_accept before
// the next one is asked for. Threads and errors as paynow_list_customers; PAYNOW_E_NO_VALUE when the walk is over.
paynow_status paynow_pages_submit(paynow_client client,
                                  const struct paynow_pages *pages,
                                  const struct paynow_call *call,
                                  paynow_request_id *out_request);

// Takes a page: customers `*out_first` to `*out_first + *out_count - 1` of the completion are new, and
// `pages` goes on behind them. Every customer comes at most once, and the walk ends on every input (the same page without
// end, a page that holds its cursor, one larger than the limit, one out of order). A completion that failed is refused
// with PAYNOW_E_NO_VALUE and leaves the walk where it is: the same page can be asked for again. Any thread, never blocks.
//
// PAYNOW_E_INVALID_ARGUMENT, PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
paynow_status paynow_pages_accept(struct paynow_pages *pages,
                                  paynow_completion completion,
                                  size_t *out_first,
                                  size_t *out_count);

// Sends the next piece of a bulk, at most 200: a paynow_bulk_create_customers, whose completion is handed to
// paynow_bulk_accept before the next one is sent. Threads and errors as paynow_list_customers; PAYNOW_E_NO_VALUE when
// all were sent. A refused piece (a customer that cannot be used) is not skipped: fix it, or add 1 to 200 to `done`.
paynow_status paynow_bulk_submit(paynow_client client,
                                 const struct paynow_bulk *bulk,
                                 const struct paynow_call *call,
                                 paynow_request_id *out_request);

// Takes how a piece ended, and goes on to the next. `out_outcomes`, which may be NULL, gets for each customer of the
// piece (200, or as many as were left) the place of its customer in the completion, PAYNOW_BULK_FAILED or
// PAYNOW_BULK_UNKNOWN: a customer is found by its Steam id, UUID or XUID, or by a name that occurs once. `out_count`
// gets their number and may be NULL. Any thread, never blocks. When there is no memory for it (PAYNOW_E_RESOURCES) `bulk`
// stays where it is.
//
// PAYNOW_E_NO_VALUE, PAYNOW_E_INVALID_ARGUMENT, PAYNOW_E_INVALID_HANDLE, PAYNOW_E_RESOURCES, PAYNOW_E_FORKED.
paynow_status paynow_bulk_accept(struct paynow_bulk *bulk,
                                 paynow_completion completion,
                                 int64_t *out_outcomes,
                                 size_t *out_count);

// Writes how the request ended. Set `out->struct_size` first. The strings are borrowed from the completion:
// until it is freed, or inside a callback until that returns. As for every paynow_completion_* function: any
// thread, never blocks.
//
// PAYNOW_E_INVALID_HANDLE, PAYNOW_E_INVALID_ARGUMENT, PAYNOW_E_FORKED.
paynow_status paynow_completion_info_get(paynow_completion completion, struct paynow_completion_info *out);

// Writes a customer of the answer: index 0 for a single one, below paynow_completion_info.customer_count for a
// list. Set `out->struct_size` first. Threads, lifetime and errors as paynow_completion_info_get;
// PAYNOW_E_NO_VALUE when the answer holds none, or not so many.
paynow_status paynow_completion_customer(paynow_completion completion,
                                         size_t index,
                                         struct paynow_customer *out);

// Writes an entry of a customer's metadata, in key order: `index` below paynow_customer.metadata_count. Threads,
// lifetime and errors as paynow_completion_customer.
paynow_status paynow_completion_metadata(paynow_completion completion,
                                         size_t customer_index,
                                         size_t index,
                                         const char **out_key,
                                         const char **out_value);

// Writes the token of the answer, and its length without the NUL that follows to `out_length`, which may be
// NULL. Hand a player the URL made with it, never the token; keep it out of logs. Threads, lifetime and errors
// as paynow_completion_customer.
paynow_status paynow_completion_token(paynow_completion completion,
                                      const char **out_token,
                                      size_t *out_length);

// Writes the gift card of the answer. Set `out->struct_size` first. Threads, lifetime and errors as
// paynow_completion_customer.
paynow_status paynow_completion_giftcard(paynow_completion completion, struct paynow_giftcard *out);

// Writes PayNow's own words for the error, also for a found = 0. Set `out->struct_size` first. Threads, lifetime
// and errors as paynow_completion_customer; PAYNOW_E_NO_VALUE when the answer was not a PayNowError.
paynow_status paynow_completion_error(paynow_completion completion,
                                      struct paynow_api_error *out);

// Writes one validation error: `index` below paynow_api_error.error_count. Set `out->struct_size` first. Threads,
// lifetime and errors as paynow_completion_customer.
paynow_status paynow_completion_validation_error(paynow_completion completion,
                                                 size_t index,
                                                 struct paynow_validation_error *out);

// Writes a segment of the path of a validation error: `segment` below paynow_validation_error.path_count. A path that came as
// one string is one segment. Threads, lifetime and errors as paynow_completion_customer.
paynow_status paynow_completion_validation_path(paynow_completion completion,
                                                size_t index,
                                                size_t segment,
                                                const char **out_segment);

// Writes the body of the answer as it came, and its length without the NUL that follows to `out_length`, which
// may be NULL: for script hosts, and for paynow_request. May hold a token: keep it out of logs. Threads, lifetime
// and errors as paynow_completion_customer; PAYNOW_E_NO_VALUE when there was no body, or none in UTF-8.
paynow_status paynow_completion_json(paynow_completion completion,
                                     const char **out_json,
                                     size_t *out_length);

// Gives back a completion that paynow_client_next handed out; strings borrowed from it are gone. Runs the
// user_data_free of its call on this thread. The memory itself is freed by a thread of the library. Any thread,
// never blocks. Not needed in a callback of paynow_client_poll, where it does no harm.
//
// PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
paynow_status paynow_completion_free(paynow_completion completion);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PAYNOW_BRIDGE_H */
