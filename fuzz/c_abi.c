// Reads calls from bytes: which function, which handle, which structs, which text. Every pointer is honest, as the header
// asks of a host; everything else is as the bytes say.
#include <paynow_bridge.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// --- the bytes ---

static const uint8_t *at, *end;

static uint8_t byte(void) { return at < end ? *at++ : 0; }

static uint64_t word(void) {
  uint64_t value = 0;
  for (int index = 0; index < 8; index++) value = value << 8 | byte();
  return value;
}

// --- what is handed in ---

enum { CLIENTS = 3, IDS = 16, TEXTS = 24, LONGEST = 320, ROOM = 8192, MOST_CALLS = 400 };

static paynow_client clients[CLIENTS];
static uint64_t ids[IDS];
static unsigned next_id;
static long accepted, freed;
static int depth;
static char texts[TEXTS][LONGEST];
static unsigned next_text;
// As much as the largest struct the library believes in, so that any size is honest.
static _Alignas(16) unsigned char memory[4][ROOM];

static void keep(uint64_t id) {
  if (id) ids[next_id++ % IDS] = id;
}

static uint64_t handle(void) {
  uint8_t how = byte();
  if (how < 160) return clients[how % CLIENTS];
  if (how < 240) return ids[how % IDS];
  if (how < 250) return ids[how % IDS] ^ UINT64_C(1) << (byte() % 64);
  return word();
}

static uint64_t any_id(void) {
  uint8_t how = byte();
  if (how < 200) return ids[how % IDS];
  if (how < 230) return clients[how % CLIENTS];
  if (how < 245) return ids[how % IDS] ^ UINT64_C(1) << (byte() % 64);
  return word();
}

static const char *text(size_t *length) {
  static const char *const known[] = {"440116992540673366", "76561198012345678", "2535432196048835",
                                      "069a79f4-44e9-4726-a5be-fca90e38aaf5", "Notch", ".PixelPia", "203.0.113.7", "DE",
                                      "GET", "POST", "/v1/stores/{store_id}/x", "{\"a\":1}", "token", ""};
  uint8_t how = byte();
  if (how < 40) return *length = how % 8 == 7 ? byte() : 0, NULL;
  if (how < 140) {
    const char *word_ = known[how % (sizeof known / sizeof *known)];
    *length = how % 2 ? strlen(word_) : 0;
    return word_;
  }
  char *out = texts[next_text++ % TEXTS];
  size_t size = how < 250 ? byte() % 40 : LONGEST - 1;
  for (size_t index = 0; index < size; index++) out[index] = (char)byte();
  out[size] = 0;
  *length = how % 2 ? size : 0;
  return out;
}

static void *structure(int place, size_t size) {
  unsigned char *out = memory[place];
  uint8_t how = byte();
  memset(out, how == 1 ? 0xa5 : 0, ROOM);
  memset(out, 0, size);
  uint32_t said = (uint32_t)size;
  if (how == 2) said = (uint32_t)word();
  if (how == 3) said = byte();
  if (how == 4) said = (uint32_t)size + byte() * 16u;
  // No host passes larger sizes: nothing is read behind what is believed.
  memcpy(out, &said, sizeof said);
  return how == 5 ? NULL : out;
}

#define ANY(type, name, place) \
  type *name##_or_null = structure(place, sizeof(type)); \
  type *name = (type *)(void *)memory[place]
#define TEXT(struct_, member) struct_->member = text(&struct_->member##_n)

static void on_completion(paynow_client client, paynow_completion completion, void *user_data);
static void count_free(void *user_data) { (void)user_data, freed++; }

static void on_log(int32_t level, const char *message, size_t length, void *user_data) {
  (void)user_data;
  if (level < PAYNOW_LOG_ERROR || level > PAYNOW_LOG_DEBUG || strlen(message) != length) abort();
}

static void fill(paynow_customer_fields *fields) {
  static paynow_metadata_entry entries[3];
  uint8_t which = byte();
  fields->null_fields = which & 1 ? byte() : 0;
  if (which & 2) TEXT(fields, steam_id);
  if (which & 4) TEXT(fields, minecraft_uuid);
  if (which & 8) TEXT(fields, xbox_xuid);
  if (which & 16) TEXT(fields, name);
  if (which & 32) {
    fields->metadata_count = byte() % 4;
    for (size_t index = 0; index < fields->metadata_count; index++) {
      entries[index].key = text(&entries[index].key_n);
      entries[index].value = text(&entries[index].value_n);
    }
    fields->metadata = entries;
  }
  if (which & 64) fields->minecraft_platform = (int8_t)byte();
  if (which & 128) fields->reserved = byte();
}

static void fill_player(paynow_player *player) {
  uint8_t which = byte();
  if (which & 1) TEXT(player, steam_id);
  if (which & 2) TEXT(player, xbox_xuid);
  if (which & 4) TEXT(player, minecraft_uuid);
  if (which & 8) TEXT(player, name);
}

// --- calls ---

static void create(void) {
  ANY(paynow_client_config, config, 0);
  uint8_t which = byte();
  config->store_id = which & 1 ? text(&config->store_id_n) : "411486491630370816";
  config->api_key = which & 2 ? text(&config->api_key_n) : "key";
  // Nothing listens there, and nothing but loopback is ever tried.
  config->api_base = "http://127.0.0.1:1";
  config->proxy = "";
  if (which & 4) TEXT(config, user_agent);
  if (which & 8) TEXT(config, bedrock_prefix);
  config->max_workers = 1 + byte() % 4;
  config->max_outstanding = 1 + byte() % 64;
  config->deadline_ms = 1 + byte() % 50;
  config->log_level = which & 16 ? (int8_t)byte() : PAYNOW_LOG_DEBUG;
  config->on_completion = which & 32 ? on_completion : NULL;
  config->on_log = which & 64 ? on_log : NULL;
  config->circuit_threshold = byte();
  config->max_attempts = byte() % 4;
  config->retry_base_ms = byte() % 4;
  config->cache_ttl_ms = which & 128 ? PAYNOW_OFF : 0;
  config->rate_per_second = byte();
  config->rate_burst = byte();
  int place = byte() % CLIENTS;
  if (clients[place]) return;
  uint64_t created = 0;
  if (paynow_client_create(config_or_null, byte() == 9 ? NULL : &created) == PAYNOW_OK) clients[place] = created;
}

static void submit(void) {
  paynow_client client = handle();
  ANY(paynow_call, call, 1);
  uint8_t which = byte();
  call->deadline_ms = which & 1 ? byte() : 0;
  call->priority = which & 2 ? (int8_t)byte() : 0;
  call->tag = byte() % 4;
  call->on_completion = which & 4 ? on_completion : NULL;
  call->user_data = &accepted;
  call->user_data_free = which & 8 ? count_free : NULL;
  paynow_call *given = which & 16 ? NULL : call_or_null;
  uint64_t request = 0, *out = which & 32 ? NULL : &request;
  paynow_status status;
  size_t length;
  switch (byte() % 17) {
    case 0: {
      ANY(paynow_list_query, query, 2);
      query->has_limit = byte() % 2;
      query->limit = byte();
      query->order = (int8_t)byte();
      TEXT(query, after);
      TEXT(query, search);
      static paynow_text ids[3];
      query->customer_ids_count = byte() % 4;
      for (size_t index = 0; index < query->customer_ids_count; index++) ids[index].text = text(&ids[index].text_n);
      query->customer_ids = query->customer_ids_count ? ids : NULL;
      status = paynow_list_customers(client, query_or_null, given, out);
      break;
    }
    case 1: {
      ANY(paynow_customer_fields, fields, 2);
      fill(fields);
      status = paynow_create_customer(client, fields_or_null, given, out);
      break;
    }
    case 2: {
      ANY(paynow_customer_fields, fields, 2);
      fill(fields);
      const char *id = text(&length);
      status = paynow_update_customer(client, id, length, fields_or_null, given, out);
      break;
    }
    case 3: {
      static paynow_customer_fields many[3];
      memset(many, 0, sizeof many);
      for (int index = 0; index < 3; index++) {
        many[index].struct_size = sizeof *many;
        fill(&many[index]);
      }
      status = paynow_bulk_create_customers(client, many, byte() % 4, given, out);
      break;
    }
    case 4: {
      const char *id = text(&length);
      status = paynow_get_customer(client, id, length, given, out);
      break;
    }
    case 5: {
      const char *id = text(&length);
      status = paynow_create_customer_token(client, id, length, given, out);
      break;
    }
    case 6: {
      const char *id = text(&length);
      status = paynow_invalidate_customer_tokens(client, id, length, given, out);
      break;
    }
    case 7: {
      const char *token = text(&length);
      status = paynow_get_current_customer(client, token, length, given, out);
      break;
    }
    case 8:
    case 9: {
      ANY(paynow_lookup_query, query, 2);
      uint8_t keys = byte();
      if (keys & 1) TEXT(query, id);
      if (keys & 2) TEXT(query, steam_id);
      if (keys & 4) TEXT(query, minecraft_uuid);
      if (keys & 8) TEXT(query, xbox_xuid);
      if (keys & 16) TEXT(query, minecraft_java_name);
      if (keys & 32) TEXT(query, name);
      if (keys & 128) {
        uint64_t completion = 0;
        if (paynow_client_peek(client, query_or_null, &completion) == PAYNOW_OK) keep(completion);
        return;
      }
      status = paynow_lookup_customer(client, query_or_null, given, out);
      break;
    }
    case 10: {
      ANY(paynow_authentication, login, 2);
      login->platform = (int8_t)byte();
      TEXT(login, id);
      TEXT(login, customer_ip);
      TEXT(login, customer_countrycode);
      status = paynow_authenticate_customer(client, login_or_null, given, out);
      break;
    }
    case 11: {
      ANY(paynow_giftcard_query, query, 2);
      TEXT(query, customer_token);
      TEXT(query, code);
      status = paynow_lookup_giftcard(client, query_or_null, given, out);
      break;
    }
    case 12: {
      ANY(paynow_raw_request, raw, 2);
      raw->auth = (int8_t)byte();
      TEXT(raw, method);
      TEXT(raw, path);
      TEXT(raw, json);
      TEXT(raw, customer_token);
      status = paynow_request(client, raw_or_null, given, out);
      break;
    }
    case 13: {
      ANY(paynow_pages, pages, 2);
      pages->limit = byte();
      pages->order = (int8_t)byte();
      pages->cursor = word();
      status = paynow_pages_submit(client, pages_or_null, given, out);
      break;
    }
    default: {
      ANY(paynow_player, player, 2);
      fill_player(player);
      uint64_t completion = 0;
      switch (byte() % 4) {
        case 0: status = paynow_lookup_player(client, player_or_null, given, out); break;
        case 1: status = paynow_ensure_customer(client, player_or_null, given, out); break;
        case 2: status = paynow_token_for(client, player_or_null, given, out); break;
        default:
          if (paynow_client_peek_player(client, player_or_null, &completion) == PAYNOW_OK) keep(completion);
          return;
      }
    }
  }
  if (status != PAYNOW_OK) return;
  if (given && given->user_data_free) accepted++;
  keep(request);
}

static void look(void) {
  uint64_t id = any_id();
  size_t index = byte() % 3, length = 0;
  const char *out = NULL, *other = NULL;
  switch (byte() % 12) {
    case 0: (void)paynow_completion_info_get(id, structure(3, sizeof(paynow_completion_info))); break;
    case 1: (void)paynow_completion_customer(id, index, structure(3, sizeof(paynow_customer))); break;
    case 2: (void)paynow_completion_metadata(id, index, byte(), &out, &other); break;
    case 3: (void)paynow_completion_token(id, &out, &length); break;
    case 4: (void)paynow_completion_giftcard(id, structure(3, sizeof(paynow_giftcard))); break;
    case 5: (void)paynow_completion_error(id, structure(3, sizeof(paynow_api_error))); break;
    case 6: (void)paynow_completion_validation_error(id, index, structure(3, sizeof(paynow_validation_error))); break;
    case 7: (void)paynow_completion_validation_path(id, index, byte(), &out); break;
    case 8:
      if (paynow_completion_json(id, &out, &length) == PAYNOW_OK && out[length] != 0) abort();
      break;
    case 9: {
      ANY(paynow_pages, pages, 3);
      pages->cursor = word();
      size_t count;
      (void)paynow_pages_accept(pages_or_null, id, &index, &count);
      break;
    }
    default: (void)paynow_completion_free(id);
  }
}

static void steer(void) {
  uint64_t client = handle();
  uint32_t number;
  size_t length;
  switch (byte() % 9) {
    case 0:
    case 1: (void)paynow_client_cancel(client, any_id()); break;
    case 2: (void)paynow_client_cancel_all(client, byte() % 4, &number); break;
    case 3: (void)paynow_client_stats(client, structure(3, sizeof(paynow_stats))); break;
    case 4: (void)paynow_status_text((paynow_status)word()); break;
    case 5: (void)paynow_client_shutdown(client); break;
    case 6: {
      const char *key = text(&length);
      (void)paynow_client_set_api_key(client, key, length);
      break;
    }
    case 7: {
      static char page[512];
      char *to = byte() % 8 ? page : NULL;
      size_t capacity = byte() % 8 ? byte() * (size_t)2 : 0;
      (void)paynow_client_metrics(client, to, capacity, byte() % 8 ? &length : NULL);
      break;
    }
    default:
      if (strlen(paynow_last_error()) > 511) abort();
  }
}

static void collect(void) {
  uint64_t client = handle(), completions[8];
  size_t count = 0;
  uint32_t delivered;
  uint8_t how = byte();
  if (how & 1) {
    (void)paynow_client_poll(client, how >> 5, how & 2 ? 50 : 0, &delivered);
  } else if (paynow_client_next(client, how >> 6, completions, 1 + how % 8, &count) == PAYNOW_OK) {
    for (size_t index = 0; index < count; index++) keep(completions[index]);
  }
}

static void destroy(int place) {
  if (!clients[place]) return;
  paynow_status status = paynow_client_destroy(clients[place]);
  // Inside a callback it happens later; the bytes may have destroyed it in another way already.
  if (status != PAYNOW_OK && status != PAYNOW_E_INVALID_HANDLE && (depth == 0 || status != PAYNOW_E_PENDING)) abort();
  keep(clients[place]);
  clients[place] = 0;
}

static void anything(void) {
  uint8_t what = byte();
  if (what < 10) {
    create();
  } else if (what < 120) {
    submit();
  } else if (what < 170) {
    look();
  } else if (what < 200) {
    steer();
  } else if (what < 250) {
    collect();
  } else {
    destroy(what % CLIENTS);
  }
}

static void on_completion(paynow_client client, paynow_completion completion, void *user_data) {
  (void)client, (void)user_data;
  keep(completion);
  if (depth > 0) return;
  depth++;
  for (int calls = byte() % 3; calls > 0; calls--) anything();
  depth--;
}

void drive(const uint8_t *data, size_t size) {
  at = data;
  end = data + size;
  memset(clients, 0, sizeof clients);
  memset(ids, 0, sizeof ids);
  next_id = next_text = 0;
  accepted = freed = 0;
  depth = 0;
  create();
  for (int calls = 0; at < end && calls < MOST_CALLS; calls++) anything();
  for (int place = 0; place < CLIENTS; place++) destroy(place);
  // Exactly once: what was accepted was told and freed, whatever came between.
  if (accepted != freed) {
    fprintf(stderr, "%ld accepted, %ld freed\n", accepted, freed);
    abort();
  }
}
