// After a client is destroyed, no memory of its process holds a credential. The client runs in a child, which is told the
// credentials only after it was forked; this process looks through its memory. (tests/remains.rs: over TLS, and through a
// proxy.)
#include "harness.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/wait.h>

// Letters that stand nowhere else. The beginning of a block is overwritten when it is freed, so pieces are looked for.
#define LONGEST 64
#define PIECE 16

enum { KEY, NEXT_KEY, TOKEN, PASSWORD, CREDENTIALS };
static const char *const names[CREDENTIALS] = {"the API key", "the API key after the rotation", "the customer token",
                                               "the proxy's password"};

static void draw(char *out) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  unsigned char random[LONGEST];
  if (getrandom(random, sizeof random, 0) != sizeof random) FAIL("no random bytes");
  for (size_t index = 0; index < LONGEST; index++) out[index] = letters[random[index] % (sizeof letters - 1)];
  out[LONGEST] = 0;
}

// --- the child ---

static int commands[2], answers[2];

static void hear(char *out, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t got = read(commands[0], out + done, length - done);
    if (got <= 0) _exit(1);
    done += (size_t)got;
  }
}

static void tell(char word) {
  if (write(answers[1], &word, 1) != 1) _exit(1);
}

static void print_nothing(int32_t level, const char *line, size_t length, void *user_data) {
  (void)level, (void)line, (void)length, (void)user_data;
}

static void expect(paynow_client client, paynow_status status) {
  if (await_status(client) != status) _exit(2);
}

static void child(void) {
  char said[CREDENTIALS][LONGEST];
  paynow_client_config config = sandbox_config();
  hear((char *)said, sizeof said);
  config.api_key = said[KEY];
  config.api_key_n = LONGEST;
  config.log_level = PAYNOW_LOG_DEBUG;
  config.on_log = print_nothing;
  paynow_client client = client_with(&config);
  CHECK_OK(get_mira(client, NULL, NULL));
  expect(client, PAYNOW_E_UNAUTHORIZED);
  CHECK_OK(paynow_client_set_api_key(client, said[NEXT_KEY], LONGEST));
  CHECK_OK(get_mira(client, NULL, NULL));
  expect(client, PAYNOW_E_UNAUTHORIZED);
  CHECK_OK(paynow_create_customer_token(client, MIRA, 0, NULL, NULL));
  paynow_completion minted = await(client);
  const char *token = NULL;
  size_t length = 0;
  CHECK_OK(paynow_completion_token(minted, &token, &length));
  CHECK_OK(paynow_get_current_customer(client, token, length, NULL, NULL));
  expect(client, PAYNOW_E_UNAUTHORIZED);
  // Longer than what has room in a request's slot.
  static char json[4096];
  memset(json, ' ', sizeof json);
  json[0] = '{', json[sizeof json - 1] = '}';
  paynow_raw_request raw = INIT(paynow_raw_request);
  raw.method = "POST", raw.path = "/v1/checkouts", raw.auth = PAYNOW_AUTH_CUSTOMER;
  raw.json = json, raw.json_n = sizeof json, raw.customer_token = token, raw.customer_token_n = length;
  CHECK_OK(paynow_request(client, &raw, NULL, NULL));
  expect(client, PAYNOW_E_NOT_FOUND);
  // A proxy that refuses.
  char proxy[256];
  int written = snprintf(proxy, sizeof proxy, "http://user:%.*s@127.0.0.1:1", LONGEST, said[PASSWORD]);
  paynow_client_config through = sandbox_config();
  through.proxy = proxy, through.proxy_n = (size_t)written;
  paynow_client behind = client_with(&through);
  CHECK_OK(get_mira(behind, NULL, NULL));
  expect(behind, PAYNOW_E_CONNECT);
  explicit_bzero(said, sizeof said);
  explicit_bzero(proxy, sizeof proxy);
  tell('u');
  hear(json, 1);
  CHECK_OK(paynow_completion_free(minted));
  destroy(client);
  destroy(behind);
  tell('e');
  hear(json, 1);
  // It says of itself what failed.
  _exit(harness_failed() ? 3 : 0);
}

// --- the parent ---

static bool holds(char *memory, size_t size, const char *text, size_t length) {
  for (size_t from = PIECE; from + PIECE <= length; from += PIECE) {
    if (memmem(memory, size, text + from, PIECE)) return true;
  }
  return false;
}

// Notes in `found` which credentials stand in memory that the process can write to.
static void look_through(pid_t process, char said[CREDENTIALS][LONGEST + 1], char *found[CREDENTIALS]) {
  char path[64], line[512], place[256];
  snprintf(path, sizeof path, "/proc/%d/maps", process);
  FILE *maps = fopen(path, "re");
  snprintf(path, sizeof path, "/proc/%d/mem", process);
  int memory = open(path, O_RDONLY | O_CLOEXEC);
  CHECK(maps && memory >= 0);
  while (maps && memory >= 0 && fgets(line, sizeof line, maps)) {
    uint64_t start, end;
    char writable;
    *place = 0;
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " r%c%*s %*s %*s %*s %255s", &start, &end, &writable, place) < 3) continue;
    if (writable != 'w') continue;
    char *bytes = malloc(end - start);
    // What is gone by now holds nothing.
    if (bytes && pread(memory, bytes, end - start, (off_t)start) == (ssize_t)(end - start)) {
      for (int each = 0; each < CREDENTIALS; each++) {
        if (!found[each] && holds(bytes, end - start, said[each], LONGEST)) found[each] = strdup(*place ? place : "memory");
      }
    }
    free(bytes);
  }
  if (maps) fclose(maps);
  if (memory >= 0) close(memory);
}

static void forget(char *found[CREDENTIALS]) {
  for (int each = 0; each < CREDENTIALS; each++) free(found[each]), found[each] = NULL;
}

static bool hears(char word) {
  char said = 0;
  return read(answers[0], &said, 1) == 1 && said == word;
}

TEST(nothing_remains_after_destroy) {
  if (under_valgrind()) {
    harness_skip("an emulator has memory of its own");
    return;
  }
  REQUIRE(pipe2(commands, O_CLOEXEC) == 0 && pipe2(answers, O_CLOEXEC) == 0);
  fflush(NULL);
  pid_t process = fork();
  if (process == 0) {
    close(commands[1]), close(answers[0]);
    child();
  }
  REQUIRE(process > 0);
  close(commands[0]), close(answers[1]);
  // Drawn after the fork: what the child knows of them it was told, or made.
  char credentials[CREDENTIALS][LONGEST + 1];
  for (int each = 0; each < CREDENTIALS; each++) draw(credentials[each]);
  char body[LONGEST + 32];
  snprintf(body, sizeof body, "{\"token\":\"%s\"}", credentials[TOKEN]);
  sandbox_answers("create_customer_token", 200, "{}", body);
  for (int each = 0; each < CREDENTIALS; each++) CHECK(write(commands[1], credentials[each], LONGEST) == LONGEST);
  char *found[CREDENTIALS] = {NULL};
  if (hears('u')) {
    look_through(process, credentials, found);
    // That the search finds what is there: the key in use, and the token of a completion that is not freed.
    CHECK(found[NEXT_KEY]);
    CHECK(found[TOKEN]);
    forget(found);
    CHECK(write(commands[1], "e", 1) == 1);
    CHECK(hears('e'));
    look_through(process, credentials, found);
    for (int each = 0; each < CREDENTIALS; each++) {
      if (found[each]) FAIL("%s still stands in %s", names[each], found[each]);
    }
    forget(found);
    CHECK(write(commands[1], "l", 1) == 1);
  }
  int status = -1;
  CHECK(waitpid(process, &status, 0) == process);
  CHECK_INT(status, 0);
  close(commands[1]), close(answers[0]);
}
