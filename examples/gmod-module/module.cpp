// A server module for Garry's Mod: `require("paynow")`, look-ups with callbacks that run from a Think hook.
//
// A Lua error leaves through the frames of this file without running destructors, and so could nearly every call into
// Lua (memory may run out in any of them). So no object here has a destructor, no Lua is called from inside the library
// (answers are fetched with paynow_client_next and not by callbacks), and what must survive an error lives in `module`.

#include <paynow_bridge.h>

#include "lua_interface.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

using gmod::Lua;
using gmod::State;

/// Answers handed over in one Think; what is left waits for the next.
constexpr int most_in_a_tick = 64;

struct Module {
  paynow_client client;
  /// A Lua table of the callbacks of outstanding requests, by number.
  int callbacks;
  /// The number of the last request, a whole number that a double holds exactly.
  std::uintptr_t last;
  /// The answer that is being handed over: when an error ends that, the next Think gives it back.
  paynow_completion current;
  /// Log lines for the next Think.
  char log[2048];
  std::size_t log_length;
};

/// Plain data, set again by every start: the game loads a module again with every map.
Module module;

/// What every function begins with. Coroutines have states of their own, and all share one interface: the one that was called
/// last has set it to its own, so it is set again after every call into Lua that may have called this module.
Lua* enter(State* state) {
  Lua* lua = state->interface;
  lua->SetState(state);
  return lua;
}

/// The library calls this inside paynow_client_next: no place to call Lua from.
void keep_log(int32_t, const char* line, std::size_t length, void*) {
  const std::size_t room = sizeof module.log - module.log_length;
  if (length + 1 > room) return;
  std::memcpy(module.log + module.log_length, line, length);
  module.log[module.log_length + length] = '\n';
  module.log_length += length + 1;
}

// --- what comes from Lua ---

/// Reads field `name` of the table at `position` and leaves its value on the stack, where the text lives. A number is
/// refused: ids have more digits than one holds.
bool read(Lua* lua, int position, const char* name, const char*& text, std::size_t& length) {
  lua->PushString(name, 0);
  lua->RawGet(position);
  if (lua->IsType(-1, gmod::type::nil)) return true;
  if (!lua->IsType(-1, gmod::type::string)) return false;
  unsigned int size = 0;
  text = lua->GetString(-1, &size);
  length = size;
  return true;
}

int refuse(Lua* lua, const char* why) {
  lua->PushNil();
  lua->PushString(why, 0);
  return 2;
}

int refuse_field(Lua* lua, const char* name) {
  char why[96];
  std::snprintf(why, sizeof why, "%s must be a string (numbers lose the last digits of an id)", name);
  return refuse(lua, why);
}

struct Field {
  const char* name;
  const char** text;
  std::size_t* length;
};

/// The name of the first field that is not a string, or null.
template <std::size_t count>
const char* read_all(Lua* lua, int position, const Field (&fields)[count]) {
  for (const Field& field : fields) {
    if (!read(lua, position, field.name, *field.text, *field.length)) return field.name;
  }
  return nullptr;
}

/// Puts the function at `position` into keeping and prepares the call. False: it is not a function, or nothing is started.
bool prepare(Lua* lua, int position, paynow_call& call) {
  if (module.client == 0 || !lua->IsType(position, gmod::type::function)) return false;
  ++module.last;
  lua->ReferencePush(module.callbacks);
  lua->PushNumber(static_cast<double>(module.last));
  lua->Push(position);
  lua->RawSet(-3);
  lua->Pop(1);
  call.struct_size = sizeof call;
  call.user_data = reinterpret_cast<void*>(module.last);
  return true;
}

void drop_callback(Lua* lua, std::uintptr_t number) {
  lua->ReferencePush(module.callbacks);
  lua->PushNumber(static_cast<double>(number));
  lua->PushNil();
  lua->RawSet(-3);
  lua->Pop(1);
}

int unprepared(Lua* lua) {
  return refuse(lua, module.client == 0 ? "call paynow.start first" : "the last argument must be a function");
}

/// true, or nil and why the request was not accepted; its callback never runs then.
int outcome(Lua* lua, paynow_status status, const paynow_call& call) {
  if (status == PAYNOW_OK) {
    lua->PushBool(true);
    return 1;
  }
  drop_callback(lua, reinterpret_cast<std::uintptr_t>(call.user_data));
  return refuse(lua, paynow_last_error());
}

// --- what goes to Lua ---

void set(Lua* lua, const char* name, const char* text, std::size_t length = 0) {
  if (text == nullptr) return;
  lua->PushString(text, static_cast<unsigned int>(length));
  lua->SetField(-2, name);
}

void set(Lua* lua, const char* name, double number) {
  lua->PushNumber(number);
  lua->SetField(-2, name);
}

void push_customer(Lua* lua, paynow_completion completion, const paynow_customer& customer) {
  lua->CreateTable();
  set(lua, "id", customer.id);
  set(lua, "name", customer.name);
  set(lua, "steam_id", customer.steam_id);
  set(lua, "minecraft_uuid", customer.minecraft_uuid);
  set(lua, "xbox_xuid", customer.xbox_xuid);
  set(lua, "created_at", customer.created_at);
  lua->CreateTable();
  for (uint32_t index = 0; index < customer.metadata_count; ++index) {
    const char* key = nullptr;
    const char* value = nullptr;
    if (paynow_completion_metadata(completion, 0, index, &key, &value) != PAYNOW_OK) break;
    lua->PushString(key, 0);
    lua->PushString(value, 0);
    lua->RawSet(-3);
  }
  lua->SetField(-2, "metadata");
}

/// The answer, or nil and an error.
void push_answer(Lua* lua, paynow_completion completion, const paynow_completion_info& info) {
  if (info.status != PAYNOW_OK) {
    lua->PushNil();
    lua->CreateTable();
    set(lua, "status", static_cast<double>(info.status));
    set(lua, "http_status", static_cast<double>(info.http_status));
    set(lua, "message", info.message);
    set(lua, "code", info.error_code);
    if (info.retry_after_ms >= 0) set(lua, "retry_after", static_cast<double>(info.retry_after_ms) / 1000);
    return;
  }
  lua->CreateTable();
  lua->PushBool(info.found != 0);
  lua->SetField(-2, "found");
  paynow_customer customer{};
  customer.struct_size = sizeof customer;
  if (paynow_completion_customer(completion, 0, &customer) == PAYNOW_OK) {
    push_customer(lua, completion, customer);
    lua->SetField(-2, "customer");
  }
  paynow_giftcard card{};
  card.struct_size = sizeof card;
  if (paynow_completion_giftcard(completion, &card) == PAYNOW_OK) {
    lua->CreateTable();
    set(lua, "code", card.code);
    set(lua, "balance", static_cast<double>(card.balance));
    set(lua, "starting_balance", static_cast<double>(card.starting_balance));
    set(lua, "expires_at", card.expires_at);
    lua->SetField(-2, "giftcard");
  }
  const char* text = nullptr;
  std::size_t length = 0;
  if (paynow_completion_token(completion, &text, &length) == PAYNOW_OK) set(lua, "token", text, length);
  if (info.operation == PAYNOW_OP_REQUEST && paynow_completion_json(completion, &text, &length) == PAYNOW_OK) {
    set(lua, "json", text, length);
  }
  lua->PushNil();
}

/// Hands the message at the top of the stack to the game's own way of saying that a script is wrong, and pops it.
void report(State* state) {
  Lua* lua = enter(state);
  lua->PushSpecial(gmod::globals);
  lua->GetField(-1, "ErrorNoHalt");
  if (lua->IsType(-1, gmod::type::function)) {
    lua->PushString("[paynow] ", 0);
    lua->Push(-4);
    lua->PushString("\n", 0);
    const int failed = lua->PCall(3, 0, 0);
    lua->SetState(state);
    if (failed != 0) lua->Pop(1);
  } else {
    lua->Pop(1);
  }
  lua->Pop(2);
}

void hand_over(State* state, paynow_completion completion) {
  Lua* lua = enter(state);
  paynow_completion_info info{};
  info.struct_size = sizeof info;
  if (paynow_completion_info_get(completion, &info) != PAYNOW_OK) return;
  const auto number = reinterpret_cast<std::uintptr_t>(info.user_data);
  lua->ReferencePush(module.callbacks);
  lua->PushNumber(static_cast<double>(number));
  lua->RawGet(-2);
  lua->Remove(-2);
  // First of all: whatever happens now, it runs at most once.
  drop_callback(lua, number);
  push_answer(lua, completion, info);
  const int failed = lua->PCall(2, 0, 0);
  lua->SetState(state);
  if (failed != 0) report(state);
}

void print_log(State* state) {
  if (module.log_length == 0) return;
  Lua* lua = enter(state);
  lua->PushSpecial(gmod::globals);
  lua->GetField(-1, "MsgN");
  lua->PushString("[paynow] ", 0);
  // Without its last line break.
  lua->PushString(module.log, static_cast<unsigned int>(module.log_length - 1));
  module.log_length = 0;
  const int failed = lua->PCall(2, 0, 0);
  lua->SetState(state);
  lua->Pop(failed != 0 ? 2 : 1);
}

int think(State* state) {
  if (module.current != 0) {
    paynow_completion_free(module.current);
    module.current = 0;
  }
  // A callback may stop the client.
  for (int count = 0; count < most_in_a_tick && module.client != 0; ++count) {
    std::size_t got = 0;
    if (paynow_client_next(module.client, 0, &module.current, 1, &got) != PAYNOW_OK || got == 0) break;
    hand_over(state, module.current);
    paynow_completion_free(module.current);
    module.current = 0;
  }
  print_log(state);
  return 0;
}

// --- paynow.* ---

void end() {
  if (module.client != 0) paynow_client_destroy(module.client);
  module.client = 0;
  module.current = 0;
  module.log_length = 0;
}

/// paynow.stop(): ends the library's threads. Callbacks of what is outstanding never run.
int stop(State* state) {
  Lua* lua = enter(state);
  if (module.client == 0) return 0;
  end();
  lua->ReferenceFree(module.callbacks);
  return 0;
}

/// paynow.start{store_id =, api_base =, api_key_file =}: true, or nil and what is wrong. What is not given comes from
/// PAYNOW_STORE_ID, PAYNOW_API_BASE and PAYNOW_API_KEY_FILE. A key in PAYNOW_API_KEY wins over a file; Lua never has it.
int start(State* state) {
  Lua* lua = enter(state);
  if (module.client != 0) return refuse(lua, "it is started already");
  paynow_client_config config{};
  config.struct_size = sizeof config;
  config.store_id = std::getenv("PAYNOW_STORE_ID");
  config.api_base = std::getenv("PAYNOW_API_BASE");
  config.api_key_file = std::getenv("PAYNOW_API_KEY_FILE");
  const Field fields[] = {{"store_id", &config.store_id, &config.store_id_n},
                          {"api_base", &config.api_base, &config.api_base_n},
                          {"api_key_file", &config.api_key_file, &config.api_key_file_n}};
  if (lua->IsType(1, gmod::type::table)) {
    if (const char* wrong = read_all(lua, 1, fields)) return refuse_field(lua, wrong);
  }
  if (std::getenv("PAYNOW_API_KEY") != nullptr) {
    config.api_key_env = "PAYNOW_API_KEY";
    config.api_key_file = nullptr;
    config.api_key_file_n = 0;
  }
  config.user_agent = "gmod-module";
  config.on_log = keep_log;
  lua->CreateTable();
  module.callbacks = lua->ReferenceCreate();
  if (paynow_client_create(&config, &module.client) != PAYNOW_OK) {
    module.client = 0;
    lua->ReferenceFree(module.callbacks);
    return refuse(lua, paynow_last_error());
  }
  lua->PushBool(true);
  return 1;
}

/// paynow.status(): a table of numbers, or nil when nothing is started.
int status(State* state) {
  Lua* lua = enter(state);
  paynow_stats stats{};
  stats.struct_size = sizeof stats;
  if (module.client == 0 || paynow_client_stats(module.client, &stats) != PAYNOW_OK) {
    lua->PushNil();
    return 1;
  }
  lua->CreateTable();
  set(lua, "submitted", static_cast<double>(stats.submitted));
  set(lua, "answered", static_cast<double>(stats.completed_ok));
  set(lua, "failed", static_cast<double>(stats.completed_error + stats.timed_out));
  set(lua, "outstanding", static_cast<double>(stats.outstanding));
  lua->PushBool(stats.circuit_open != 0);
  lua->SetField(-2, "unreachable");
  return 1;
}

/// paynow.lookup_customer({id =} or {steam_id =} or …, function(answer, err) end)
int lookup_customer(State* state) {
  Lua* lua = enter(state);
  if (!lua->IsType(1, gmod::type::table)) return refuse(lua, "the first argument must be a table");
  paynow_lookup_query query{};
  query.struct_size = sizeof query;
  const Field fields[] = {{"id", &query.id, &query.id_n},
                          {"steam_id", &query.steam_id, &query.steam_id_n},
                          {"minecraft_uuid", &query.minecraft_uuid, &query.minecraft_uuid_n},
                          {"xbox_xuid", &query.xbox_xuid, &query.xbox_xuid_n},
                          {"minecraft_java_name", &query.minecraft_java_name, &query.minecraft_java_name_n},
                          {"minecraft_bedrock_name", &query.minecraft_bedrock_name, &query.minecraft_bedrock_name_n},
                          {"name", &query.name, &query.name_n}};
  if (const char* wrong = read_all(lua, 1, fields)) return refuse_field(lua, wrong);
  paynow_call call{};
  if (!prepare(lua, 2, call)) return unprepared(lua);
  return outcome(lua, paynow_lookup_customer(module.client, &query, &call, nullptr), call);
}

using PlayerOperation = paynow_status (*)(paynow_client, const paynow_player*, const paynow_call*, paynow_request_id*);
int with_player(State* state, PlayerOperation operation) {
  Lua* lua = enter(state);
  if (!lua->IsType(1, gmod::type::table)) return refuse(lua, "the first argument must be a table");
  paynow_player player{};
  player.struct_size = sizeof player;
  const Field fields[] = {{"steam_id", &player.steam_id, &player.steam_id_n}, {"name", &player.name, &player.name_n}};
  if (const char* wrong = read_all(lua, 1, fields)) return refuse_field(lua, wrong);
  paynow_call call{};
  if (!prepare(lua, 2, call)) return unprepared(lua);
  return outcome(lua, operation(module.client, &player, &call, nullptr), call);
}

/// paynow.ensure_customer({steam_id =, name =}, function(answer, err) end): looks up, creates the unknown.
int ensure_customer(State* state) { return with_player(state, paynow_ensure_customer); }

/// paynow.token_for({steam_id =, name =}, function(answer, err) end): the same, and answer.token.
int token_for(State* state) { return with_player(state, paynow_token_for); }

/// paynow.create_customer_token(customer_id, function(answer, err) end)
int create_customer_token(State* state) {
  Lua* lua = enter(state);
  if (!lua->IsType(1, gmod::type::string)) return refuse_field(lua, "customer_id");
  unsigned int length = 0;
  const char* id = lua->GetString(1, &length);
  paynow_call call{};
  if (!prepare(lua, 2, call)) return unprepared(lua);
  return outcome(lua, paynow_create_customer_token(module.client, id, length, &call, nullptr), call);
}

/// paynow.lookup_giftcard(customer_token, code, function(answer, err) end)
int lookup_giftcard(State* state) {
  Lua* lua = enter(state);
  if (!lua->IsType(1, gmod::type::string)) return refuse_field(lua, "customer_token");
  if (!lua->IsType(2, gmod::type::string)) return refuse_field(lua, "code");
  paynow_giftcard_query query{};
  query.struct_size = sizeof query;
  unsigned int token_length = 0;
  unsigned int code_length = 0;
  query.customer_token = lua->GetString(1, &token_length);
  query.customer_token_n = token_length;
  query.code = lua->GetString(2, &code_length);
  query.code_n = code_length;
  paynow_call call{};
  if (!prepare(lua, 3, call)) return unprepared(lua);
  return outcome(lua, paynow_lookup_giftcard(module.client, &query, &call, nullptr), call);
}

/// paynow.request({method =, path =, json =}, function(answer, err) end): any other operation, with the API key;
/// answer.json is the text of the answer.
int request(State* state) {
  Lua* lua = enter(state);
  if (!lua->IsType(1, gmod::type::table)) return refuse(lua, "the first argument must be a table");
  paynow_raw_request raw{};
  raw.struct_size = sizeof raw;
  raw.auth = PAYNOW_AUTH_API_KEY;
  const Field fields[] = {{"method", &raw.method, &raw.method_n},
                          {"path", &raw.path, &raw.path_n},
                          {"json", &raw.json, &raw.json_n}};
  if (const char* wrong = read_all(lua, 1, fields)) return refuse_field(lua, wrong);
  paynow_call call{};
  if (!prepare(lua, 2, call)) return unprepared(lua);
  return outcome(lua, paynow_request(module.client, &raw, &call, nullptr), call);
}

}  // namespace

/// `require("paynow")`.
extern "C" __attribute__((visibility("default"))) int gmod13_open(State* state) {
  Lua* lua = enter(state);
  // The state of an earlier map is gone, and what was kept in it.
  end();
  const struct {
    const char* name;
    gmod::Function function;
  } functions[] = {{"start", start},
                   {"stop", stop},
                   {"status", status},
                   {"lookup_customer", lookup_customer},
                   {"ensure_customer", ensure_customer},
                   {"token_for", token_for},
                   {"create_customer_token", create_customer_token},
                   {"lookup_giftcard", lookup_giftcard},
                   {"request", request}};
  lua->PushSpecial(gmod::globals);
  lua->CreateTable();
  for (const auto& each : functions) {
    lua->PushCFunction(each.function);
    lua->SetField(-2, each.name);
  }
  set(lua, "version", paynow_version());
  lua->SetField(-2, "paynow");

  lua->GetField(-1, "hook");
  lua->GetField(-1, "Add");
  lua->PushString("Think", 0);
  lua->PushString("paynow", 0);
  lua->PushCFunction(think);
  lua->Call(3, 0);
  lua->SetState(state);
  lua->Pop(2);
  return 0;
}

/// The map ends, and its Lua state with it: no callback runs any more.
extern "C" __attribute__((visibility("default"))) int gmod13_close(State*) {
  end();
  return 0;
}
