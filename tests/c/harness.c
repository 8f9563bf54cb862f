#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>

// --- tests and checks ------------------------------------------------------------------------------------

struct test {
  const char *name;
  test_fn *run;
};

static struct test tests[512];
static size_t test_count;
static const char *running;
static char first_failure[1024];
static int failures;
static bool skipped;
// Checks are made on every thread.
static volatile int reporting;

void harness_register(const char *name, test_fn *run) {
  if (test_count == sizeof tests / sizeof *tests) abort();
  tests[test_count++] = (struct test){name, run};
}

bool harness_failed(void) { return failures > 0; }

void harness_fail(const char *file, int line, const char *format, ...) {
  const char *name = strrchr(file, '/');
  char text[900];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  while (__sync_lock_test_and_set(&reporting, 1)) breathe();
  if (failures++ == 0) {
    snprintf(first_failure, sizeof first_failure, "%s:%d: %s", name ? name + 1 : file, line, text);
  } else if (failures <= 20) {
    fprintf(stderr, "  %s.%s: %s:%d: %s\n", sandbox_program, running, name ? name + 1 : file, line, text);
  }
  __sync_lock_release(&reporting);
}

void harness_skip(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(first_failure, sizeof first_failure, format, arguments);
  va_end(arguments);
  skipped = true;
}

static const char *quoted(const char *text) { return text ? text : "(NULL)"; }

bool check_int(const char *file, int line, const char *what, int64_t actual, int64_t expected) {
  if (actual == expected) return true;
  harness_fail(file, line, "%s is %" PRId64 ", not %" PRId64, what, actual, expected);
  return false;
}

bool check_str(const char *file, int line, const char *what, const char *actual, const char *expected) {
  if (actual == expected || (actual && expected && strcmp(actual, expected) == 0)) return true;
  harness_fail(file, line, "%s is \"%s\", not \"%s\"", what, quoted(actual), quoted(expected));
  return false;
}

bool check_has(const char *file, int line, const char *what, const char *text, const char *part, bool wanted) {
  if (text && (strstr(text, part) != NULL) == wanted) return true;
  harness_fail(file, line, "%s is \"%s\", which %s \"%s\"", what, quoted(text), wanted ? "lacks" : "holds", part);
  return false;
}

bool check_status(const char *file, int line, const char *what, paynow_status actual, paynow_status expected) {
  if (actual != PAYNOW_OK) keep_said(paynow_last_error(), strlen(paynow_last_error()));
  if (actual == expected) return true;
  harness_fail(file, line, "%s is %d (%s; last error: %s), not %d (%s)", what, actual, paynow_status_text(actual),
               paynow_last_error(), expected, paynow_status_text(expected));
  return false;
}

static char said[1 << 20];
static atomic_size_t said_length;

void keep_said(const char *text, size_t length) {
  if (length >= sizeof said) return;
  size_t at = atomic_fetch_add(&said_length, length + 1);
  if (at + length + 1 > sizeof said) return;
  memcpy(said + at, text, length);
  said[at + length] = '\n';
}

static void keep_line(int32_t level, const char *line, size_t length, void *user_data) {
  (void)level, (void)user_data;
  keep_said(line, length);
}

static void write_said(void) {
  const char *path = getenv("TEST_SAID");
  size_t length = atomic_exchange(&said_length, 0);
  FILE *file = path ? fopen(path, "ae") : NULL;
  if (!file) return;
  fwrite(said, 1, length < sizeof said ? length : sizeof said, file);
  fclose(file);
}

bool under_valgrind(void) { return getenv("TEST_UNDER_VALGRIND") != NULL; }

static void on_alarm(int signal_number) {
  (void)signal_number;
  // Only what is safe in a signal handler; the runner counts the line.
  static const char text[] = ": still running after its time was up\n";
  if (write(1, "FAIL ", 5) < 0 || write(1, sandbox_program, strlen(sandbox_program)) < 0 || write(1, ".", 1) < 0 ||
      write(1, running, strlen(running)) < 0 || write(1, text, sizeof text - 1) < 0) {
    _exit(3);
  }
  _exit(2);
}

const char *sandbox_base;
const char *sandbox_key;
const char *sandbox_store;
const char *sandbox_program;

static const char *environment(const char *name) {
  const char *value = getenv(name);
  if (value) return value;
  fprintf(stderr, "%s is not set: run tests/c/run.sh\n", name);
  exit(2);
}

// Whether `part` is in the name of a test as it is printed.
static bool names(const char *part, const char *test) {
  char printed[256];
  snprintf(printed, sizeof printed, "%s.%s", sandbox_program, test);
  return strstr(printed, part) != NULL;
}

// Without arguments all tests run, otherwise those whose names hold one of them.
int main(int count, char **arguments) {
  const char *slash = strrchr(arguments[0], '/');
  sandbox_program = slash ? slash + 1 : arguments[0];
  sandbox_base = environment("SANDBOX_BASE");
  sandbox_key = environment("SANDBOX_KEY");
  sandbox_store = environment("SANDBOX_STORE");
  signal(SIGALRM, on_alarm);
  signal(SIGPIPE, SIG_IGN);
  bool failed = false;
  for (size_t index = 0; index < test_count; index++) {
    bool wanted = count == 1;
    for (int argument = 1; argument < count; argument++) {
      wanted |= names(arguments[argument], tests[index].name);
    }
    if (!wanted) continue;
    running = tests[index].name;
    failures = 0;
    skipped = false;
    alarm(under_valgrind() ? 900 : 120);
    free(sandbox("POST", "reset", ""));
    tests[index].run();
    alarm(0);
    write_said();
    failed |= failures > 0;
    if (failures > 0) {
      printf("FAIL %s.%s: %s\n", sandbox_program, running, first_failure);
    } else if (skipped) {
      printf("skip %s.%s: %s\n", sandbox_program, running, first_failure);
    } else {
      printf("ok %s.%s\n", sandbox_program, running);
    }
    fflush(stdout);
  }
  return failed ? 1 : 0;
}

// --- the sandbox -----------------------------------------------------------------------------------------

static int sandbox_socket(void) {
  const char *colon = strrchr(sandbox_base, ':');
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_port = htons((uint16_t)atoi(colon + 1));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  perror("the sandbox cannot be reached");
  exit(2);
}

char *sandbox(const char *method, const char *path, const char *body) {
  int fd = sandbox_socket();
  size_t length = strlen(body);
  size_t room = length + strlen(path) + 512;
  char *request = malloc(room);
  int size = snprintf(request, room,
                      "%s /_sandbox/%s HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
                      "content-type: application/json\r\ncontent-length: %zu\r\n\r\n%s",
                      method, path, length, body);
  for (int done = 0; done < size;) {
    ssize_t written = write(fd, request + done, (size_t)(size - done));
    if (written <= 0) break;
    done += (int)written;
  }
  free(request);
  size_t used = 0, capacity = 65536;
  char *answer = malloc(capacity);
  for (;;) {
    if (capacity - used < 2) answer = realloc(answer, capacity *= 2);
    ssize_t got = read(fd, answer + used, capacity - used - 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    used += (size_t)got;
  }
  answer[used] = 0;
  close(fd);
  char *end = strstr(answer, "\r\n\r\n");
  if (strncmp(answer, "HTTP/1.1 2", 10) != 0 || !end) {
    fprintf(stderr, "the sandbox refuses %s %s %s: %s\n", method, path, body, answer);
    exit(2);
  }
  memmove(answer, end + 4, strlen(end + 4) + 1);
  return answer;
}

void sandbox_faults(const char *plan) { free(sandbox("PUT", "faults", plan)); }
void sandbox_hangs(void) { sandbox_faults("{\"hang\":true}"); }
void sandbox_recovers(void) { free(sandbox("DELETE", "faults", "")); }

// Writes `text` as a JSON string.
static char *quote(char *out, const char *text) {
  *out++ = '"';
  for (; *text; text++) {
    if ((unsigned char)*text < 0x20) {
      out += sprintf(out, "\\u%04x", (unsigned char)*text);
      continue;
    }
    if (*text == '"' || *text == '\\') *out++ = '\\';
    *out++ = *text;
  }
  *out++ = '"';
  *out = 0;
  return out;
}

void sandbox_answers(const char *operation, int status, const char *headers, const char *body) {
  char *plan = malloc(6 * strlen(body) + strlen(headers) + 512);
  char *end = plan + sprintf(plan, "{\"rules\":[{\"operation\":\"%s\",\"respond\":{\"status\":%d,\"headers\":%s,\"body\":",
                             operation, status, headers);
  strcpy(quote(end, body), "}}]}");
  sandbox_faults(plan);
  free(plan);
}

int64_t sandbox_count(const char *name) {
  char *stats = sandbox("GET", "stats", "");
  char key[64];
  snprintf(key, sizeof key, "\"%s\":", name);
  const char *found = strstr(stats, key);
  int64_t count = found ? strtoll(found + strlen(key), NULL, 10) : -1;
  free(stats);
  return count;
}

static size_t utf8(uint32_t code, char *out) {
  if (code < 0x80) return *out = (char)code, 1;
  if (code < 0x800) return out[0] = (char)(0xc0 | code >> 6), out[1] = (char)(0x80 | (code & 0x3f)), 2;
  out[0] = (char)(0xe0 | code >> 12);
  out[1] = (char)(0x80 | (code >> 6 & 0x3f));
  out[2] = (char)(0x80 | (code & 0x3f));
  return 3;
}

void json_text(const char *json, const char *key, char *out, size_t room) {
  char wanted[64];
  *out = 0;
  // Inside a string the quotes of a key are escaped, so this finds none there.
  snprintf(wanted, sizeof wanted, "\"%s\":\"", key);
  const char *at = strstr(json, wanted);
  if (!at) return;
  char *end = out + room - 4;
  for (at += strlen(wanted); *at && *at != '"' && out < end; at++) {
    if (*at != '\\') {
      *out++ = *at;
      continue;
    }
    switch (*++at) {
      case 'n': *out++ = '\n'; break;
      case 'r': *out++ = '\r'; break;
      case 't': *out++ = '\t'; break;
      case 'b': *out++ = '\b'; break;
      case 'f': *out++ = '\f'; break;
      case 'u': {
        unsigned code = 0;
        sscanf(at + 1, "%4x", &code);
        out += utf8(code, out);
        at += 4;
        break;
      }
      default: *out++ = *at;
    }
  }
  *out = 0;
}

struct sent sandbox_sent(void) {
  struct sent sent;
  char *log = sandbox("GET", "log?limit=1", "");
  json_text(log, "method", sent.method, sizeof sent.method);
  json_text(log, "target", sent.target, sizeof sent.target);
  json_text(log, "authorization", sent.authorization, sizeof sent.authorization);
  json_text(log, "content_type", sent.content_type, sizeof sent.content_type);
  json_text(log, "user_agent", sent.user_agent, sizeof sent.user_agent);
  json_text(log, "store_id_header", sent.store_id, sizeof sent.store_id);
  json_text(log, "customer_ip", sent.customer_ip, sizeof sent.customer_ip);
  json_text(log, "customer_country", sent.customer_country, sizeof sent.customer_country);
  json_text(log, "body", sent.body, sizeof sent.body);
  free(log);
  return sent;
}

// --- clients and completions -----------------------------------------------------------------------------

paynow_client_config sandbox_config(void) {
  paynow_client_config config = INIT(paynow_client_config);
  config.store_id = sandbox_store;
  config.api_key = sandbox_key;
  config.api_base = sandbox_base;
  config.deadline_ms = PATIENCE_MS;
  // One request is one request to the sandbox: what the library makes of repetitions and of memory is for the
  // tests that are about it.
  config.max_attempts = 1;
  config.circuit_threshold = PAYNOW_OFF;
  config.cache_ttl_ms = PAYNOW_OFF;
  config.log_level = PAYNOW_LOG_DEBUG;
  config.on_log = keep_line;
  return config;
}

paynow_client client_with(const paynow_client_config *config) {
  paynow_client client = 0;
  CHECK_OK(paynow_client_create(config, &client));
  return client;
}

paynow_client new_client(void) {
  paynow_client_config config = sandbox_config();
  return client_with(&config);
}

void destroy(paynow_client client) { CHECK_OK(paynow_client_destroy(client)); }

struct paynow_stats stats_of(paynow_client client) {
  struct paynow_stats stats = INIT(paynow_stats);
  CHECK_OK(paynow_client_stats(client, &stats));
  return stats;
}

paynow_completion_info info_of(paynow_completion completion) {
  paynow_completion_info info = INIT(paynow_completion_info);
  CHECK_OK(paynow_completion_info_get(completion, &info));
  if (info.message) keep_said(info.message, strlen(info.message));
  return info;
}

paynow_completion await(paynow_client client) {
  paynow_completion completion = 0;
  size_t count = 0;
  CHECK_OK(paynow_client_next(client, PATIENCE_MS, &completion, 1, &count));
  CHECK_INT(count, 1);
  return count == 1 ? completion : 0;
}

paynow_status await_status(paynow_client client) {
  paynow_completion completion = await(client);
  paynow_status status = info_of(completion).status;
  CHECK_OK(paynow_completion_free(completion));
  return status;
}

void count_completion(paynow_client client, paynow_completion completion, void *user_data) {
  (void)client;
  (void)completion;
  ++*(volatile uint32_t *)user_data;
}

bool poll_until(paynow_client client, const volatile uint32_t *counter, uint32_t target) {
  int64_t end = now_ms() + PATIENCE_MS;
  while (*counter < target && now_ms() < end) {
    if (!CHECK_OK(paynow_client_poll(client, 0, 0, NULL))) return false;
    breathe();
  }
  if (*counter >= target) return true;
  FAIL("%u of %u completions came", *counter, target);
  return false;
}

paynow_status get_mira(paynow_client client, const paynow_call *call, paynow_request_id *out) {
  return paynow_get_customer(client, MIRA, 0, call, out);
}

paynow_status get_stranger(paynow_client client, uint64_t number, const paynow_call *call, paynow_request_id *out) {
  // Text of digits made by hand: threads that may make no system call, and signal handlers, come here too.
  char id[24];
  size_t start = sizeof id;
  uint64_t rest = number + 1;
  while (rest) id[--start] = (char)('0' + rest % 10), rest /= 10;
  return paynow_get_customer(client, id + start, sizeof id - start, call, out);
}

bool eventually(condition_fn *condition, void *context) {
  int64_t end = now_ms() + PATIENCE_MS;
  while (!condition(context)) {
    if (now_ms() >= end) return false;
    breathe();
  }
  return true;
}

static bool was_asked(void *context) { return sandbox_count("requests") >= *(int64_t *)context; }

bool sandbox_asked(int64_t count) { return eventually(was_asked, &count); }

void breathe(void) {
  struct timespec moment = {0, 300000};
  nanosleep(&moment, NULL);
}

int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
