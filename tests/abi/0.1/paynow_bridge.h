// The interface of version 0.1, without its comments. It stays as it was.
#ifndef PAYNOW_BRIDGE_H
#define PAYNOW_BRIDGE_H

#include <stddef.h>
#include <stdint.h>

#define PAYNOW_OFF UINT32_MAX

#define PAYNOW_LOG_ERROR 1

#define PAYNOW_LOG_WARN 2

#define PAYNOW_LOG_INFO 3

#define PAYNOW_LOG_DEBUG 4

#define PAYNOW_PRIORITY_INTERACTIVE 0

#define PAYNOW_PRIORITY_BACKGROUND 1

#define PAYNOW_ORDER_DEFAULT 0

#define PAYNOW_ORDER_ASCENDING 1

#define PAYNOW_ORDER_DESCENDING 2

#define PAYNOW_MINECRAFT_ABSENT 0

#define PAYNOW_MINECRAFT_UNKNOWN 1

#define PAYNOW_MINECRAFT_JAVA 2

#define PAYNOW_MINECRAFT_BEDROCK 3

#define PAYNOW_PLATFORM_STEAM 1

#define PAYNOW_PLATFORM_MINECRAFT 2

#define PAYNOW_PLATFORM_PAYNOW_NAME 3

#define PAYNOW_PLATFORM_PAYNOW 4

#define PAYNOW_PLATFORM_MINECRAFT_JAVA_NAME 5

#define PAYNOW_PLATFORM_MINECRAFT_BEDROCK_NAME 6

#define PAYNOW_PLATFORM_XBOX_XUID 7

#define PAYNOW_PLATFORM_MINECRAFT_UUID 8

#define PAYNOW_AUTH_NONE 0

#define PAYNOW_AUTH_API_KEY 1

#define PAYNOW_AUTH_CUSTOMER 2

#define PAYNOW_NULL_STEAM_ID 1

#define PAYNOW_NULL_MINECRAFT_UUID 2

#define PAYNOW_NULL_MINECRAFT_PLATFORM 4

#define PAYNOW_NULL_XBOX_XUID 8

#define PAYNOW_NULL_NAME 16

#define PAYNOW_NULL_METADATA 32

#define PAYNOW_SENT_NEVER 0

#define PAYNOW_SENT_MAYBE 1

#define PAYNOW_SENT_ANSWERED 2

#define PAYNOW_SOURCE_NETWORK 0

#define PAYNOW_SOURCE_SHARED 1

#define PAYNOW_SOURCE_CACHE 2

#define PAYNOW_SOURCE_STALE_CACHE 3

#define PAYNOW_HAS_PROFILE 1

#define PAYNOW_HAS_STEAM 2

#define PAYNOW_HAS_MINECRAFT 4

#define PAYNOW_NO_DATE INT64_MIN

#define PAYNOW_BULK_FAILED -1

#define PAYNOW_BULK_UNKNOWN -2

#define PAYNOW_ABI_VERSION 0

typedef int32_t paynow_status;

typedef uint64_t paynow_client;

typedef uint64_t paynow_completion;

typedef void (*paynow_completion_fn)(paynow_client client, paynow_completion completion, void *user_data);

typedef void (*paynow_log_fn)(int32_t level, const char *message, size_t length, void *user_data);

typedef struct paynow_client_config {

  uint32_t struct_size;

  uint32_t max_workers;

  const char *store_id;
  size_t store_id_n;

  const char *api_key;
  size_t api_key_n;

  const char *api_base;
  size_t api_base_n;

  const char *user_agent;
  size_t user_agent_n;

  uint32_t deadline_ms;

  uint32_t connect_timeout_ms;

  uint32_t max_outstanding;

  int32_t log_level;

  uint64_t max_response_bytes;

  uint64_t max_held_bytes;

  paynow_completion_fn on_completion;

  void *completion_user_data;

  paynow_log_fn on_log;

  void *log_user_data;

  uint32_t max_attempts;

  uint32_t retry_base_ms;

  uint32_t circuit_threshold;

  uint32_t cache_ttl_ms;

  uint32_t cache_negative_ttl_ms;

  uint32_t cache_stale_ms;

  uint64_t cache_bytes;

  uint32_t rate_per_second;

  uint32_t rate_burst;

  const char *bedrock_prefix;
  size_t bedrock_prefix_n;

  const char *api_key_env;
  size_t api_key_env_n;

  const char *api_key_file;
  size_t api_key_file_n;

  const char *proxy;
  size_t proxy_n;

  const char *ca_file;
  size_t ca_file_n;

  uint32_t send_bedrock_prefix;

  uint32_t offline_players_by_uuid;
} paynow_client_config;

typedef uint64_t paynow_request_id;

typedef struct paynow_stats {

  uint32_t struct_size;

  uint32_t workers;

  uint32_t workers_busy;

  uint32_t outstanding;

  uint64_t submitted;

  uint64_t rejected_full;

  uint64_t completed_ok;

  uint64_t completed_error;

  uint64_t timed_out;

  uint64_t cancelled;

  uint64_t delivered;

  uint64_t discarded;

  uint64_t log_dropped;

  uint64_t held_bytes;

  uint64_t connections_opened;

  uint64_t retries;

  uint64_t retries_denied;

  uint64_t rate_limited;

  uint64_t cache_hits;

  uint64_t cache_stale;

  uint64_t coalesced;

  uint64_t unavailable;

  uint64_t cache_entries;

  uint64_t cache_bytes;

  uint32_t circuit_open;

  uint32_t reserved;
} paynow_stats;

typedef struct paynow_list_query {

  uint32_t struct_size;

  uint32_t has_limit;

  uint32_t limit;

  int32_t order;

  const char *after;
  size_t after_n;

  const char *before;
  size_t before_n;

  const char *search;
  size_t search_n;
} paynow_list_query;

typedef void (*paynow_user_data_free_fn)(void *user_data);

typedef struct paynow_call {

  uint32_t struct_size;

  uint32_t deadline_ms;

  int32_t priority;

  uint32_t reserved;

  uint64_t tag;

  paynow_completion_fn on_completion;

  void *user_data;

  paynow_user_data_free_fn user_data_free;
} paynow_call;

typedef struct paynow_metadata_entry {
  const char *key;
  size_t key_n;
  const char *value;
  size_t value_n;
} paynow_metadata_entry;

typedef struct paynow_customer_fields {

  uint32_t struct_size;

  uint32_t null_fields;

  const char *steam_id;
  size_t steam_id_n;

  const char *minecraft_uuid;
  size_t minecraft_uuid_n;

  const char *xbox_xuid;
  size_t xbox_xuid_n;

  const char *name;
  size_t name_n;

  const struct paynow_metadata_entry *metadata;
  size_t metadata_count;

  int32_t minecraft_platform;

  uint32_t reserved;
} paynow_customer_fields;

typedef struct paynow_lookup_query {

  uint32_t struct_size;

  uint32_t reserved;

  const char *id;
  size_t id_n;

  const char *steam_id;
  size_t steam_id_n;

  const char *minecraft_uuid;
  size_t minecraft_uuid_n;

  const char *xbox_xuid;
  size_t xbox_xuid_n;

  const char *minecraft_java_name;
  size_t minecraft_java_name_n;

  const char *minecraft_bedrock_name;
  size_t minecraft_bedrock_name_n;

  const char *name;
  size_t name_n;
} paynow_lookup_query;

typedef struct paynow_player {

  uint32_t struct_size;

  uint32_t reserved;

  const char *steam_id;
  size_t steam_id_n;

  const char *xbox_xuid;
  size_t xbox_xuid_n;

  const char *minecraft_uuid;
  size_t minecraft_uuid_n;

  const char *name;
  size_t name_n;
} paynow_player;

typedef struct paynow_authentication {

  uint32_t struct_size;

  int32_t platform;

  const char *id;
  size_t id_n;

  const char *customer_ip;
  size_t customer_ip_n;

  const char *customer_countrycode;
  size_t customer_countrycode_n;
} paynow_authentication;

typedef struct paynow_giftcard_query {

  uint32_t struct_size;

  uint32_t reserved;

  const char *customer_token;
  size_t customer_token_n;

  const char *code;
  size_t code_n;
} paynow_giftcard_query;

typedef struct paynow_raw_request {

  uint32_t struct_size;

  int32_t auth;

  const char *method;
  size_t method_n;

  const char *path;
  size_t path_n;

  const char *json;
  size_t json_n;

  const char *customer_token;
  size_t customer_token_n;
} paynow_raw_request;

typedef struct paynow_pages {

  uint32_t struct_size;

  uint32_t limit;

  int32_t order;

  uint32_t is_over;

  uint64_t cursor;

  const char *search;
  size_t search_n;
} paynow_pages;

typedef struct paynow_bulk {

  uint32_t struct_size;

  uint32_t reserved;

  const struct paynow_customer_fields *customers;
  size_t count;

  size_t done;
} paynow_bulk;

typedef int32_t paynow_operation;

typedef struct paynow_completion_info {

  uint32_t struct_size;

  paynow_status status;

  paynow_operation operation;

  int32_t found;

  int32_t http_status;

  uint32_t attempts;

  int32_t sent;

  uint32_t customer_count;

  int64_t retry_after_ms;

  uint64_t queue_us;

  uint64_t network_us;

  uint64_t age_us;

  uint64_t tag;

  void *user_data;

  const char *message;

  const char *error_code;

  const char *trace_id;

  paynow_request_id request;

  int32_t source;

  uint32_t reserved;
} paynow_completion_info;

typedef struct paynow_profile {

  const char *id;

  const char *platform;

  const char *name;

  const char *avatar_url;
} paynow_profile;

typedef struct paynow_customer {

  uint32_t struct_size;

  int32_t minecraft_platform;

  uint32_t profiles;

  uint32_t metadata_count;

  const char *id;
  const char *store_id;

  const char *steam_id;

  const char *minecraft_uuid;
  const char *xbox_xuid;

  const char *name;

  const char *created_at;
  const char *updated_at;

  int64_t created_at_ms;
  int64_t updated_at_ms;

  struct paynow_profile profile;
  struct paynow_profile steam;
  struct paynow_profile minecraft;
} paynow_customer;

typedef struct paynow_giftcard {

  uint32_t struct_size;

  uint32_t reserved;

  const char *code;

  int64_t balance;

  int64_t starting_balance;

  const char *expires_at;

  int64_t expires_at_ms;
} paynow_giftcard;

typedef struct paynow_api_error {

  uint32_t struct_size;

  int32_t status;

  const char *code;
  const char *message;
  const char *trace_id;

  size_t error_count;
} paynow_api_error;

typedef struct paynow_validation_error {

  uint32_t struct_size;

  uint32_t path_count;
  const char *code;
  const char *message;

  const char *path;

  const char *validation;
} paynow_validation_error;

#define PAYNOW_OK 0

#define PAYNOW_E_INVALID_ARGUMENT 1

#define PAYNOW_E_INVALID_HANDLE 2

#define PAYNOW_E_QUEUE_FULL 3

#define PAYNOW_E_SHUTDOWN 4

#define PAYNOW_E_REENTRANT 5

#define PAYNOW_E_BUSY 6

#define PAYNOW_E_PENDING 7

#define PAYNOW_E_FORKED 8

#define PAYNOW_E_NO_API_KEY 9

#define PAYNOW_E_NO_VALUE 10

#define PAYNOW_E_RESOURCES 11

#define PAYNOW_E_TOO_LATE 12

#define PAYNOW_E_INTERNAL 13

#define PAYNOW_E_TIMEOUT 20

#define PAYNOW_E_CANCELLED 21

#define PAYNOW_E_RESOLVE 22

#define PAYNOW_E_CONNECT 23

#define PAYNOW_E_TLS 24

#define PAYNOW_E_TRANSPORT 25

#define PAYNOW_E_RESPONSE_TOO_LARGE 26

#define PAYNOW_E_INVALID_RESPONSE 27

#define PAYNOW_E_UNAVAILABLE 28

#define PAYNOW_E_UNAUTHORIZED 40

#define PAYNOW_E_FORBIDDEN 41

#define PAYNOW_E_NOT_FOUND 42

#define PAYNOW_E_CONFLICT 43

#define PAYNOW_E_RATE_LIMITED 44

#define PAYNOW_E_API 45

#define PAYNOW_E_SERVER 46

#define PAYNOW_OP_LIST_CUSTOMERS 1

#define PAYNOW_OP_CREATE_CUSTOMER 2

#define PAYNOW_OP_GET_CUSTOMER 3

#define PAYNOW_OP_UPDATE_CUSTOMER 4

#define PAYNOW_OP_CREATE_CUSTOMER_TOKEN 5

#define PAYNOW_OP_INVALIDATE_CUSTOMER_TOKENS 6

#define PAYNOW_OP_LOOKUP_CUSTOMER 7

#define PAYNOW_OP_BULK_CREATE_CUSTOMERS 8

#define PAYNOW_OP_AUTHENTICATE_CUSTOMER 9

#define PAYNOW_OP_GET_CURRENT_CUSTOMER 10

#define PAYNOW_OP_LOOKUP_GIFTCARD 11

#define PAYNOW_OP_REQUEST 12

#define PAYNOW_OP_ENSURE_CUSTOMER 13

#define PAYNOW_OP_TOKEN_FOR 14

#ifdef __cplusplus
extern "C" {
#endif

const char *paynow_status_text(paynow_status status);

const char *paynow_last_error(void);

uint32_t paynow_abi_version(void);

const char *paynow_version(void);

paynow_status paynow_client_create(const struct paynow_client_config *config, paynow_client *out_client);

paynow_status paynow_client_set_api_key(paynow_client client,
                                        const char *key,
                                        size_t key_n);

paynow_status paynow_client_poll(paynow_client client,
                                 uint32_t max_events,
                                 uint32_t budget_us,
                                 uint32_t *out_delivered);

paynow_status paynow_client_next(paynow_client client,
                                 uint32_t timeout_ms,
                                 paynow_completion *out_completions,
                                 size_t capacity,
                                 size_t *out_count);

paynow_status paynow_client_cancel(paynow_client client, paynow_request_id request);

paynow_status paynow_client_cancel_all(paynow_client client,
                                       uint64_t tag,
                                       uint32_t *out_cancelled);

paynow_status paynow_client_stats(paynow_client client, struct paynow_stats *out);

paynow_status paynow_client_shutdown(paynow_client client);

paynow_status paynow_client_destroy(paynow_client client);

paynow_status paynow_list_customers(paynow_client client,
                                    const struct paynow_list_query *query,
                                    const struct paynow_call *call,
                                    paynow_request_id *out_request);

paynow_status paynow_create_customer(paynow_client client,
                                     const struct paynow_customer_fields *fields,
                                     const struct paynow_call *call,
                                     paynow_request_id *out_request);

paynow_status paynow_get_customer(paynow_client client,
                                  const char *customer_id,
                                  size_t customer_id_n,
                                  const struct paynow_call *call,
                                  paynow_request_id *out_request);

paynow_status paynow_update_customer(paynow_client client,
                                     const char *customer_id,
                                     size_t customer_id_n,
                                     const struct paynow_customer_fields *fields,
                                     const struct paynow_call *call,
                                     paynow_request_id *out_request);

paynow_status paynow_create_customer_token(paynow_client client,
                                           const char *customer_id,
                                           size_t customer_id_n,
                                           const struct paynow_call *call,
                                           paynow_request_id *out_request);

paynow_status paynow_invalidate_customer_tokens(paynow_client client,
                                                const char *customer_id,
                                                size_t customer_id_n,
                                                const struct paynow_call *call,
                                                paynow_request_id *out_request);

paynow_status paynow_lookup_customer(paynow_client client,
                                     const struct paynow_lookup_query *query,
                                     const struct paynow_call *call,
                                     paynow_request_id *out_request);

paynow_status paynow_lookup_player(paynow_client client,
                                   const struct paynow_player *player,
                                   const struct paynow_call *call,
                                   paynow_request_id *out_request);

paynow_status paynow_ensure_customer(paynow_client client,
                                     const struct paynow_player *player,
                                     const struct paynow_call *call,
                                     paynow_request_id *out_request);

paynow_status paynow_token_for(paynow_client client,
                               const struct paynow_player *player,
                               const struct paynow_call *call,
                               paynow_request_id *out_request);

paynow_status paynow_client_peek(paynow_client client,
                                 const struct paynow_lookup_query *query,
                                 paynow_completion *out_completion);

paynow_status paynow_client_peek_player(paynow_client client,
                                        const struct paynow_player *player,
                                        paynow_completion *out_completion);

paynow_status paynow_bulk_create_customers(paynow_client client,
                                           const struct paynow_customer_fields *customers,
                                           size_t count,
                                           const struct paynow_call *call,
                                           paynow_request_id *out_request);

paynow_status paynow_authenticate_customer(paynow_client client,
                                           const struct paynow_authentication *authentication,
                                           const struct paynow_call *call,
                                           paynow_request_id *out_request);

paynow_status paynow_get_current_customer(paynow_client client,
                                          const char *customer_token,
                                          size_t customer_token_n,
                                          const struct paynow_call *call,
                                          paynow_request_id *out_request);

paynow_status paynow_lookup_giftcard(paynow_client client,
                                     const struct paynow_giftcard_query *query,
                                     const struct paynow_call *call,
                                     paynow_request_id *out_request);

paynow_status paynow_request(paynow_client client,
                             const struct paynow_raw_request *request,
                             const struct paynow_call *call,
                             paynow_request_id *out_request);

paynow_status paynow_pages_submit(paynow_client client,
                                  const struct paynow_pages *pages,
                                  const struct paynow_call *call,
                                  paynow_request_id *out_request);

paynow_status paynow_pages_accept(struct paynow_pages *pages,
                                  paynow_completion completion,
                                  size_t *out_first,
                                  size_t *out_count);

paynow_status paynow_bulk_submit(paynow_client client,
                                 const struct paynow_bulk *bulk,
                                 const struct paynow_call *call,
                                 paynow_request_id *out_request);

paynow_status paynow_bulk_accept(struct paynow_bulk *bulk,
                                 paynow_completion completion,
                                 int64_t *out_outcomes,
                                 size_t *out_count);

paynow_status paynow_completion_info_get(paynow_completion completion, struct paynow_completion_info *out);

paynow_status paynow_completion_customer(paynow_completion completion,
                                         size_t index,
                                         struct paynow_customer *out);

paynow_status paynow_completion_metadata(paynow_completion completion,
                                         size_t customer_index,
                                         size_t index,
                                         const char **out_key,
                                         const char **out_value);

paynow_status paynow_completion_token(paynow_completion completion,
                                      const char **out_token,
                                      size_t *out_length);

paynow_status paynow_completion_giftcard(paynow_completion completion, struct paynow_giftcard *out);

paynow_status paynow_completion_error(paynow_completion completion,
                                      struct paynow_api_error *out);

paynow_status paynow_completion_validation_error(paynow_completion completion,
                                                 size_t index,
                                                 struct paynow_validation_error *out);

paynow_status paynow_completion_validation_path(paynow_completion completion,
                                                size_t index,
                                                size_t segment,
                                                const char **out_segment);

paynow_status paynow_completion_json(paynow_completion completion,
                                     const char **out_json,
                                     size_t *out_length);

paynow_status paynow_completion_free(paynow_completion completion);

#ifdef __cplusplus
}
#endif

#endif  /* PAYNOW_BRIDGE_H */
