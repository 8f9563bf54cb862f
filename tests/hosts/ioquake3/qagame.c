// A game module for ioquake3 that has no game in it, only what a real one needs for the bridge: made in GAME_INIT, ticked in
// GAME_RUN_FRAME, ended in GAME_SHUTDOWN. It looks a customer up and asks for eight more that are never answered.
//
// The engine's errors longjmp. So what a callback learns is only noted there; the engine is called once poll has returned.
#include <paynow_bridge.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

// The few numbers of the engine's interface (GAME_API_VERSION 8) that are needed here.
enum { G_PRINT = 0, G_LOCATE_GAME_DATA = 15 };
enum { GAME_INIT = 0, GAME_SHUTDOWN = 1, GAME_CLIENT_CONNECT = 2, GAME_RUN_FRAME = 8 };

EXPORT void dllEntry(intptr_t (*engine)(intptr_t, ...));
EXPORT intptr_t vmMain(intptr_t command, intptr_t argument);

static intptr_t (*syscall_engine)(intptr_t, ...);
static char no_entities[1024], no_players[1024];

static paynow_client client;
static char customer_id[32];
static char problem[256];
static int has_answer, ended;

static void say(const char *format, ...) {
  char line[512] = "paynow: ";
  va_list values;
  va_start(values, format);
  vsnprintf(line + 8, sizeof line - 9, format, values);
  va_end(values);
  strcat(line, "\n");
  syscall_engine(G_PRINT, line);
}

static void looked_up(paynow_client of, paynow_completion completion, void *unused) {
  paynow_completion_info info = {.struct_size = sizeof info};
  paynow_customer customer = {.struct_size = sizeof customer};
  (void)of, (void)unused;
  has_answer = 1;
  if (paynow_completion_customer(completion, 0, &customer) == PAYNOW_OK)
    snprintf(customer_id, sizeof customer_id, "%s", customer.id);
  else if (paynow_completion_info_get(completion, &info) == PAYNOW_OK)
    snprintf(problem, sizeof problem, "%s", info.message ? info.message : "Notch is not a customer");
}

static void unanswered(paynow_client of, paynow_completion completion, void *unused) {
  paynow_completion_info info = {.struct_size = sizeof info};
  (void)of, (void)unused;
  if (paynow_completion_info_get(completion, &info) == PAYNOW_OK && info.status == PAYNOW_E_SHUTDOWN) ++ended;
}

static void look_up(const char *name, uint32_t deadline_ms, paynow_completion_fn done) {
  const paynow_lookup_query query = {.struct_size = sizeof query, .minecraft_java_name = name};
  const paynow_call call = {.struct_size = sizeof call, .deadline_ms = deadline_ms, .on_completion = done};
  if (paynow_lookup_customer(client, &query, &call, NULL) != PAYNOW_OK) say("%s", paynow_last_error());
}

static void start(void) {
  const paynow_client_config config = {.struct_size = sizeof config,
                                       .store_id = getenv("PAYNOW_STORE_ID"),
                                       .api_base = getenv("PAYNOW_API_BASE"),
                                       .api_key_env = "PAYNOW_API_KEY"};
  syscall_engine(G_LOCATE_GAME_DATA, no_entities, (intptr_t)0, (intptr_t)sizeof no_entities, no_players,
                 (intptr_t)sizeof no_players);
  // A map_restart comes here again without the module having been loaded again.
  has_answer = ended = 0;
  *customer_id = 0;
  if (paynow_client_create(&config, &client) != PAYNOW_OK) {
    say("%s", paynow_last_error());
    return;
  }
  look_up("Notch", 0, looked_up);
}

static void tick(void) {
  if (client == 0) return;
  paynow_client_poll(client, 0, 1000, NULL);
  if (!has_answer) return;
  has_answer = 0;
  if (*customer_id) say("Notch is customer %s", customer_id);
  else say("%s", problem);
  for (int number = 0; number < 8; ++number) {
    char name[16];
    snprintf(name, sizeof name, "hang_%d", number);
    look_up(name, 60000, unanswered);
  }
  say("asked for 8 more");
}

static void stop(void) {
  if (client == 0) return;
  // The module is unloaded when this returns: no callback may be left.
  paynow_client_destroy(client);
  client = 0;
  say("%d of 8 ended with the shutdown", ended);
}

void dllEntry(intptr_t (*engine)(intptr_t, ...)) { syscall_engine = engine; }

intptr_t vmMain(intptr_t command, intptr_t argument) {
  (void)argument;
  switch ((int)command) {
    case GAME_INIT: start(); return 0;
    case GAME_SHUTDOWN: stop(); return 0;
    case GAME_RUN_FRAME: tick(); return 0;
    case GAME_CLIENT_CONNECT: return (intptr_t)"There is no game here.";
    default: return 0;
  }
}
