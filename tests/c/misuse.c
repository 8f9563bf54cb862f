// Random calls with random handles, ids, NULLs and struct sizes: whatever a host does with valid memory, it gets a
// status, and the library is as good as before.
//
// TEST_MISUSE_CALLS says how many, TEST_MISUSE_SEED which; a failure says both.
#include "harness.h"

static uint64_t state;

static uint32_t below(uint32_t bound) {
  // xorshift64*: repeatable everywhere.
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (uint32_t)((state * UINT64_C(0x2545f4914f6cdd1d) >> 32) % bound);
}

static bool chance(uint32_t one_in) { return below(one_in) == 0; }

// --- what is handed in ---

enum { CLIENTS = 4, IDS = 64 };

static paynow_client live[CLIENTS];
// Clients that are gone, requests and completions old and new.
static uint64_t ids[IDS];
static volatile uint32_t frees;
static uint32_t accepted_with_free;
static bool inside;

static void keep_id(uint64_t id) { ids[below(IDS)] = id; }

static uint64_t any_number(void) {
  switch (below(6)) {
    case 0: return 0;
    case 1: return UINT64_MAX;
    case 2: return ids[below(IDS)] ^ UINT64_C(1) << below(64);
    case 3: return below(1000);
    default: return (uint64_t)below(UINT32_MAX) << 32 | below(UINT32_MAX);
  }
}

static paynow_client any_client(void) {
  if (chance(12)) return any_number();
  if (chance(12)) return ids[below(IDS)];
  return live[below(CLIENTS)];
}

static uint64_t any_id(void) { return chance(6) ? any_number() : chance(8) ? live[below(CLIENTS)] : ids[below(IDS)]; }

static const char *any_text(size_t *length) {
  static char endless[70001];
  static const char *const texts[] = {
      MIRA, NOTCH, "7", "1", "76561198087654321", "2535432196048835", "069a79f4-44e9-4726-a5be-fca90e38aaf5",
      "069A79F444E94726A5BEFCA90E38AAF5", "Notch", "203.0.113.7", "2001:db8::1", "DE", "GET", "POST", "/v1/x", "/v1/stores/{store_id}/customers",
      "{}", "[1]", "pnct_token", "GIFT-1275-MIRA", "", "x\r\ny: z", "\xff\xfe", "0", "-1", "en-US", "203.0.113.7:1", "..", "\xf0\x9f\x94\xa5", "{", "//x",
  };
  *length = 0;
  if (chance(10)) return *length = chance(8) ? below(100) : 0, NULL;
  if (chance(200)) {
    memset(endless, 'x', sizeof endless - 1);
    return endless;
  }
  const char *text = texts[below(sizeof texts / sizeof *texts)];
  // A length within the text is honest, the whole of it most of all.
  if (chance(3)) *length = chance(2) ? strlen(text) : below((uint32_t)strlen(text) + 1);
  return text;
}

// Every struct lies in so much memory that any size the library believes in is readable there.
enum { ROOM = 8192, STRUCTS = 8 };
static _Alignas(16) unsigned char memory[STRUCTS][ROOM];

static void *any_struct(int place, size_t size) {
  unsigned char *at = memory[place];
  // Now and then rubbish behind the struct, which matters when its size says that it belongs to it.
  memset(at, chance(20) ? 0xa5 : 0, ROOM);
  memset(at, 0, size);
  uint32_t said = (uint32_t)size;
  if (chance(15)) said = chance(2) ? below(5000) : (uint32_t)any_number();
  if (chance(25)) said = (uint32_t)size + below(64);
  memcpy(at, &said, sizeof said);
  return chance(25) ? NULL : at;
}

#define ANY(type, name, place) \
  type *name##_or_null = any_struct(place, sizeof(type)); \
  type *name = (type *)(void *)memory[place]
#define TEXT(struct_, member) \
  if (!chance(3)) struct_->member = any_text(&struct_->member##_n)

static int32_t any_word(void) { return chance(10) ? (int32_t)any_number() : (int32_t)below(10); }

static void on_completion(paynow_client client, paynow_completion completion, void *user_data);

static void count_free(void *user_data) {
  (void)user_data;
  frees++;
}

static paynow_call *any_call(void) {
  ANY(paynow_call, call, 0);
  call->deadline_ms = chance(4) ? 1 + below(20) : 0;
  call->priority = chance(20) ? any_word() : (int32_t)below(2);
  call->reserved = chance(40);
  call->tag = below(5);
  call->on_completion = chance(2) ? on_completion : NULL;
  call->user_data = chance(2) ? &state : NULL;
  call->user_data_free = chance(2) ? count_free : NULL;
  return chance(3) ? NULL : call_or_null;
}

static void fill_fields(paynow_customer_fields *fields) {
  static paynow_metadata_entry entries[4];
  for (int index = 0; index < 4; index++) {
    entries[index].key = any_text(&entries[index].key_n);
    entries[index].value = any_text(&entries[index].value_n);
  }
  TEXT(fields, steam_id);
  TEXT(fields, minecraft_uuid);
  TEXT(fields, xbox_xuid);
  TEXT(fields, name);
  fields->null_fields = chance(3) ? (chance(4) ? (uint32_t)any_number() : below(64)) : 0;
  fields->minecraft_platform = chance(3) ? any_word() : 0;
  fields->metadata = chance(3) ? entries : NULL;
  fields->metadata_count = chance(8) || fields->metadata ? below(5) : 0;
  fields->reserved = chance(40);
}

// --- calls ---

static void submitted(paynow_status status, const paynow_call *call, uint64_t request) {
  if (status != PAYNOW_OK) return;
  if (call && call->user_data_free) accepted_with_free++;
  if (request) keep_id(request);
}

static void submit_anything(void) {
  paynow_client client = any_client();
  paynow_call *call = any_call();
  uint64_t request = 0;
  uint64_t *out = chance(10) ? NULL : &request;
  size_t length;
  const char *text = any_text(&length);
  paynow_status status;
  switch (below(14)) {
    case 0: {
      ANY(paynow_list_query, query, 1);
      query->has_limit = below(2);
      query->limit = chance(5) ? (uint32_t)any_number() : 1 + below(3);
      query->order = chance(3) ? any_word() : 0;
      TEXT(query, after);
      TEXT(query, before);
      TEXT(query, search);
      static paynow_text ids[4];
      for (int index = 0; index < 4; index++) ids[index].text = any_text(&ids[index].text_n);
      query->customer_ids = chance(3) ? ids : NULL;
      query->customer_ids_count = chance(8) || query->customer_ids ? below(5) : 0;
      status = paynow_list_customers(client, query_or_null, call, out);
      break;
    }
    case 1:
    case 2: {
      ANY(paynow_customer_fields, fields, 1);
      fill_fields(fields);
      status = chance(2) ? paynow_create_customer(client, fields_or_null, call, out)
                         : paynow_update_customer(client, text, length, fields_or_null, call, out);
      break;
    }
    case 3: {
      // An array: its elements lie as far apart as the first one says, and there is memory for that.
      static _Alignas(16) unsigned char array[4][4096];
      uint32_t stride = chance(5) ? below(4097) : sizeof(paynow_customer_fields);
      uint32_t count = below(4);
      memset(array, 0, sizeof array);
      for (uint32_t index = 0; index < count; index++) {
        paynow_customer_fields fields = INIT(paynow_customer_fields);
        fill_fields(&fields);
        fields.struct_size = chance(20) ? below(4097) : stride;
        memcpy((unsigned char *)array + (size_t)index * stride, &fields, sizeof fields);
      }
      if (chance(10)) count = chance(2) ? 0 : 201;
      if (count == 201) stride = 0;
      status = paynow_bulk_create_customers(client, chance(20) ? NULL : (void *)array, count, call, out);
      break;
    }
    case 4: status = paynow_get_customer(client, text, length, call, out); break;
    case 5: status = paynow_create_customer_token(client, text, length, call, out); break;
    case 6: status = paynow_invalidate_customer_tokens(client, text, length, call, out); break;
    case 7: status = paynow_get_current_customer(client, text, length, call, out); break;
    case 8: {
      ANY(paynow_lookup_query, query, 1);
      const char **members[] = {&query->id, &query->steam_id, &query->minecraft_uuid, &query->xbox_xuid,
                                &query->minecraft_java_name, &query->minecraft_bedrock_name, &query->name};
      for (uint32_t keys = below(10) == 0 ? below(4) : 1; keys > 0; keys--) *members[below(7)] = any_text(&length);
      query->reserved = chance(40);
      uint64_t completion = 0;
      if (chance(2)) {
        status = paynow_lookup_customer(client, query_or_null, call, out);
      } else {
        if (paynow_client_peek(client, query_or_null, chance(20) ? NULL : &completion) == PAYNOW_OK) keep_id(completion);
        return;
      }
      break;
    }
    case 9: {
      ANY(paynow_authentication, login, 1);
      login->platform = any_word();
      TEXT(login, id);
      TEXT(login, customer_ip);
      TEXT(login, customer_countrycode);
      status = paynow_authenticate_customer(client, login_or_null, call, out);
      break;
    }
    case 10: {
      ANY(paynow_giftcard_query, query, 1);
      TEXT(query, customer_token);
      TEXT(query, code);
      query->reserved = chance(40);
      status = paynow_lookup_giftcard(client, query_or_null, call, out);
      break;
    }
    case 11: {
      ANY(paynow_raw_request, request_, 1);
      request_->auth = any_word();
      TEXT(request_, method);
      TEXT(request_, path);
      TEXT(request_, json);
      TEXT(request_, customer_token);
      status = paynow_request(client, request__or_null, call, out);
      break;
    }
    default: {
      ANY(paynow_player, player, 1);
      TEXT(player, steam_id);
      TEXT(player, xbox_xuid);
      TEXT(player, minecraft_uuid);
      TEXT(player, name);
      player->reserved = chance(40);
      uint64_t completion = 0;
      switch (below(4)) {
        case 0: status = paynow_lookup_player(client, player_or_null, call, out); break;
        case 1: status = paynow_ensure_customer(client, player_or_null, call, out); break;
        case 2: status = paynow_token_for(client, player_or_null, call, out); break;
        default:
          if (paynow_client_peek_player(client, player_or_null, &completion) == PAYNOW_OK) keep_id(completion);
          return;
      }
    }
  }
  submitted(status, call, request);
}

static void read_anything(void) {
  uint64_t id = any_id();
  size_t index = chance(5) ? (size_t)any_number() : below(3), length;
  const char *text, *other;
  const char **out = chance(20) ? NULL : &text;
  switch (below(10)) {
    case 0: (void)paynow_completion_info_get(id, any_struct(2, sizeof(paynow_completion_info))); break;
    case 1: (void)paynow_completion_customer(id, index, any_struct(2, sizeof(struct paynow_customer))); break;
    case 2: (void)paynow_completion_metadata(id, index, below(4), out, chance(20) ? NULL : &other); break;
    case 3: (void)paynow_completion_token(id, out, chance(3) ? NULL : &length); break;
    case 4: (void)paynow_completion_giftcard(id, any_struct(2, sizeof(struct paynow_giftcard))); break;
    case 5: (void)paynow_completion_error(id, any_struct(2, sizeof(struct paynow_api_error))); break;
    case 6: (void)paynow_completion_validation_error(id, index, any_struct(2, sizeof(struct paynow_validation_error))); break;
    case 7: (void)paynow_completion_validation_path(id, index, below(3), out); break;
    case 8: (void)paynow_completion_json(id, out, chance(3) ? NULL : &length); break;
    default: (void)paynow_completion_free(id);
  }
}

static void steer_anything(void) {
  uint32_t number;
  paynow_client client = any_client();
  switch (below(7)) {
    case 0: (void)paynow_client_cancel(client, any_id()); break;
    case 1: (void)paynow_client_cancel_all(client, below(6), chance(3) ? NULL : &number); break;
    case 2: (void)paynow_client_stats(client, any_struct(3, sizeof(struct paynow_stats))); break;
    case 3: (void)paynow_status_text((paynow_status)any_number()); break;
    case 4: if (chance(100)) (void)paynow_client_set_api_key(client, sandbox_key, 0); break;
    case 5: {
      static char text[4096];
      size_t length, *out_length = chance(20) ? NULL : &length, capacity = chance(20) ? 0 : below(sizeof text + 1);
      char *buffer = chance(20) ? NULL : text;
      if (chance(8)) {
        (void)paynow_client_dump(client, buffer, capacity, out_length);
      } else {
        (void)paynow_client_metrics(client, buffer, capacity, out_length);
      }
      break;
    }
    default: CHECK(strlen(paynow_last_error()) < 1000);
  }
}

static void collect_anything(void) {
  uint64_t completions[16];
  size_t count = 0;
  uint32_t delivered;
  if (chance(2)) {
    (void)paynow_client_poll(any_client(), below(20), below(3) * 50, chance(3) ? NULL : &delivered);
  } else if (paynow_client_next(any_client(), below(2), chance(30) ? NULL : completions, chance(30) ? below(2) * SIZE_MAX : 1 + below(16),
                                chance(30) ? NULL : &count) == PAYNOW_OK) {
    for (size_t index = 0; index < count; index++) {
      if (chance(3)) {
        keep_id(completions[index]);
      } else {
        CHECK_OK(paynow_completion_free(completions[index]));
      }
    }
  }
}

static void on_log(int32_t level, const char *message, size_t length, void *user_data) {
  (void)level, (void)user_data;
  CHECK_INT(strlen(message), length);
}

static void replace_client(int place) {
  paynow_status status = live[place] ? paynow_client_destroy(live[place]) : PAYNOW_OK;
  // Only from inside a callback may it have to wait.
  CHECK(status == PAYNOW_OK || (inside && (status == PAYNOW_E_PENDING || status == PAYNOW_E_INVALID_HANDLE)));
  keep_id(live[place]);
  paynow_client_config config = sandbox_config();
  config.deadline_ms = 200;
  config.max_outstanding = 1 + below(500);
  config.max_workers = 1 + below(8);
  config.cache_ttl_ms = chance(2) ? 0 : PAYNOW_OFF;
  config.circuit_threshold = chance(2) ? 0 : PAYNOW_OFF;
  config.on_completion = chance(2) ? on_completion : NULL;
  config.on_log = chance(2) ? on_log : NULL;
  config.log_level = PAYNOW_LOG_DEBUG;
  paynow_network network = INIT(paynow_network);
  const char *redis = getenv("TEST_REDIS");
  network.addresses = redis && *redis && chance(2) ? redis : "127.0.0.1:1";
  network.password = getenv("TEST_REDIS_PASSWORD");
  config.network = chance(2) ? &network : NULL;
  live[place] = client_with(&config);
  ANY(paynow_client_config, rubbish, 4);
  TEXT(rubbish, store_id);
  TEXT(rubbish, api_key);
  TEXT(rubbish, api_base);
  TEXT(rubbish, user_agent);
  TEXT(rubbish, bedrock_prefix);
  rubbish->log_level = any_word();
  rubbish->max_workers = (uint32_t)any_number();
  rubbish->max_outstanding = below(100);
  ANY(paynow_network, joined, 5);
  TEXT(joined, addresses);
  TEXT(joined, user);
  TEXT(joined, password);
  TEXT(joined, password_env);
  TEXT(joined, password_file);
  TEXT(joined, ca_file);
  TEXT(joined, server_name);
  TEXT(joined, sentinel_name);
  TEXT(joined, network_id);
  joined->database = below(20);
  joined->tls = below(2);
  joined->timeout_ms = (uint32_t)any_number();
  rubbish->network = chance(2) ? joined_or_null : NULL;
  uint64_t other = 0;
  if (paynow_client_create(rubbish_or_null, chance(5) ? NULL : &other) == PAYNOW_OK) CHECK_OK(paynow_client_destroy(other));
}

static void anything(void) {
  switch (below(10)) {
    case 0:
    case 1:
    case 2:
    case 3: submit_anything(); break;
    case 4:
    case 5:
    case 6: read_anything(); break;
    case 7: steer_anything(); break;
    default: collect_anything();
  }
}

static void on_completion(paynow_client client, paynow_completion completion, void *user_data) {
  (void)client, (void)user_data;
  if (chance(2)) keep_id(completion);
  // A callback may do anything, but not without end.
  if (inside) return;
  inside = true;
  for (uint32_t calls = below(4); calls > 0; calls--) anything();
  if (chance(3000)) replace_client((int)below(CLIENTS));
  inside = false;
}

static uint64_t setting(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

TEST(random_calls) {
  uint64_t calls = setting("TEST_MISUSE_CALLS", under_valgrind() ? 20000 : 300000);
  uint64_t seed = setting("TEST_MISUSE_SEED", 20251);
  state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
  frees = accepted_with_free = 0;
  inside = false;
  memset(live, 0, sizeof live);
  sandbox_faults("{\"rules\":[{\"probability\":0.01,\"reset\":true},{\"probability\":0.02,\"hang\":true},{\"probability\":0.02,\"respond\":{\"status\":500}}]}");
  for (int place = 0; place < CLIENTS; place++) replace_client(place);
  for (uint64_t call = 0; call < calls && !harness_failed(); call++) {
    anything();
    if (chance(5000)) replace_client((int)below(CLIENTS));
  }
  for (int place = 0; place < CLIENTS; place++) {
    CHECK_OK(paynow_client_destroy(live[place]));
    live[place] = 0;
  }
  // Each accepted user_data was freed exactly once, whatever happened.
  CHECK_INT(frees, accepted_with_free);
  sandbox_recovers();
  paynow_client healthy = new_client();
  CHECK_OK(get_mira(healthy, NULL, NULL));
  CHECK_STATUS(await_status(healthy), PAYNOW_OK);
  destroy(healthy);
  if (harness_failed()) FAIL("TEST_MISUSE_SEED=%" PRIu64 " TEST_MISUSE_CALLS=%" PRIu64, seed, calls);
}
