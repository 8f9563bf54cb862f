// Names that are looked up: what the system's resolver answers, or does not, is played by this program. Its getaddrinfo
// comes before the C library's, for the library under test too.
#include "harness.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
// What the name stands for, in this order; up to the first NULL. None: there is no such name.
static const char *addresses[3];
static bool hangs;
static unsigned asked;

typedef int lookup_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *restrict name, const char *restrict service, const struct addrinfo *restrict hints,
                struct addrinfo **restrict out) {
  static lookup_fn *system_lookup;
  const char *found[3] = {NULL};
  pthread_mutex_lock(&mutex);
  if (!system_lookup) *(void **)&system_lookup = dlsym(RTLD_NEXT, "getaddrinfo");
  bool ours = name && strcmp(name, "localhost") == 0;
  if (ours) {
    asked++;
    pthread_cond_broadcast(&changed);
    while (hangs) pthread_cond_wait(&changed, &mutex);
    memcpy(found, addresses, sizeof found);
  }
  pthread_mutex_unlock(&mutex);
  if (!ours) return system_lookup(name, service, hints, out);
  *out = NULL;
  struct addrinfo **end = out;
  for (size_t index = 0; index < 3 && found[index]; index++) {
    struct addrinfo numeric = hints ? *hints : (struct addrinfo){0};
    numeric.ai_flags = AI_NUMERICHOST;
    int error = system_lookup(found[index], service, &numeric, end);
    if (error) return error;
    while (*end) end = &(*end)->ai_next;
  }
  return *out ? 0 : EAI_NONAME;
}

static void name_stands_for(const char *first, const char *second) {
  pthread_mutex_lock(&mutex);
  addresses[0] = first;
  addresses[1] = second;
  pthread_mutex_unlock(&mutex);
}

static void resolver_hangs(bool now) {
  pthread_mutex_lock(&mutex);
  hangs = now;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&mutex);
}

static void wait_until_asked(void) {
  pthread_mutex_lock(&mutex);
  while (asked == 0) pthread_cond_wait(&changed, &mutex);
  pthread_mutex_unlock(&mutex);
}

// The sandbox by its name.
static const char *named_base(void) {
  static char base[64];
  snprintf(base, sizeof base, "http://localhost:%s", strrchr(sandbox_base, ':') + 1);
  return base;
}

static paynow_client client_by_name(uint32_t connect_timeout_ms) {
  paynow_client_config config = sandbox_config();
  config.api_base = named_base();
  config.connect_timeout_ms = connect_timeout_ms;
  asked = 0;
  return client_with(&config);
}

static paynow_status ask(paynow_client client) {
  CHECK_OK(get_mira(client, NULL, NULL));
  return await_status(client);
}

static bool is_served(void *client) { return ask(*(paynow_client *)client) == PAYNOW_OK; }

TEST(broken_ipv6_beside_working_ipv4) {
  name_stands_for("::1", "127.0.0.1");
  paynow_client client = client_by_name(0);
  CHECK_OK(get_mira(client, NULL, NULL));
  paynow_completion completion = await(client);
  paynow_completion_info info = info_of(completion);
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.attempts, 1);
  CHECK_OK(paynow_completion_free(completion));
  destroy(client);
}

// A socket that listens and has no room: who connects to it hears nothing.
struct silence {
  int listener;
  int waiting[8];
};

static bool silence_begin(struct silence *silence, const char *address) {
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(strrchr(sandbox_base, ':') + 1))};
  inet_pton(AF_INET, address, &name.sin_addr);
  silence->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(silence->listener, (struct sockaddr *)&name, sizeof name) != 0 || listen(silence->listener, 0) != 0) return false;
  for (size_t index = 0; index < 8; index++) {
    silence->waiting[index] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    connect(silence->waiting[index], (struct sockaddr *)&name, sizeof name);
  }
  return true;
}

static void silence_end(struct silence *silence) {
  for (size_t index = 0; index < 8; index++) close(silence->waiting[index]);
  close(silence->listener);
}

TEST(an_address_that_is_silent_leaves_time_for_the_next) {
  struct silence silence;
  REQUIRE(silence_begin(&silence, "127.0.0.7"));
  name_stands_for("127.0.0.7", "127.0.0.1");
  paynow_client client = client_by_name(400);
  CHECK_STATUS(ask(client), PAYNOW_OK);
  CHECK_INT(sandbox_count("requests"), 1);
  destroy(client);
  silence_end(&silence);
}

TEST(a_name_that_vanishes_is_a_failure_that_passes) {
  name_stands_for(NULL, NULL);
  paynow_client client = client_by_name(0);
  CHECK_OK(get_mira(client, NULL, NULL));
  paynow_completion completion = await(client);
  paynow_completion_info info = info_of(completion);
  CHECK_STATUS(info.status, PAYNOW_E_RESOLVE);
  CHECK_INT(info.sent, PAYNOW_SENT_NEVER);
  CHECK_OK(paynow_completion_free(completion));
  CHECK_INT(sandbox_count("requests"), 0);
  name_stands_for("127.0.0.1", NULL);
  CHECK(eventually(is_served, &client));
  // From here on its absence does no harm: the last known addresses serve.
  name_stands_for(NULL, NULL);
  CHECK_STATUS(ask(client), PAYNOW_OK);
  destroy(client);
}

TEST(a_name_that_moves_is_followed) {
  name_stands_for("127.0.0.8", NULL);
  paynow_client client = client_by_name(0);
  CHECK_STATUS(ask(client), PAYNOW_E_CONNECT);
  name_stands_for("127.0.0.1", NULL);
  CHECK(eventually(is_served, &client));
  destroy(client);
}

TEST(a_name_that_leaves_this_machine_is_not_spoken_to_in_the_clear) {
  name_stands_for("192.0.2.1", NULL);
  paynow_client client = client_by_name(0);
  CHECK_OK(get_mira(client, NULL, NULL));
  paynow_completion completion = await(client);
  paynow_completion_info info = info_of(completion);
  CHECK_STATUS(info.status, PAYNOW_E_CONNECT);
  CHECK_INT(info.sent, PAYNOW_SENT_NEVER);
  CHECK_HAS(info.message, "loopback");
  CHECK_OK(paynow_completion_free(completion));
  destroy(client);
}

TEST(a_resolver_that_hangs_keeps_no_request) {
  name_stands_for("127.0.0.1", NULL);
  resolver_hangs(true);
  paynow_client client = client_by_name(0);
  paynow_call call = INIT(paynow_call);
  call.deadline_ms = 100;
  for (uint64_t number = 0; number < 50; number++) CHECK_OK(get_stranger(client, number, &call, NULL));
  wait_until_asked();
  for (int number = 0; number < 50; number++) CHECK_STATUS(await_status(client), PAYNOW_E_TIMEOUT);
  // One hangs inside the system for all of them.
  CHECK_INT(asked, 1);
  CHECK_INT(sandbox_count("requests"), 0);
  resolver_hangs(false);
  CHECK_STATUS(ask(client), PAYNOW_OK);
  destroy(client);
}

// Whether the thread that runs the tests is the only one.
static bool is_alone(void *unused) {
  (void)unused;
  DIR *tasks = opendir("/proc/self/task");
  unsigned threads = 0;
  for (struct dirent *task; (task = readdir(tasks)) != NULL;) threads += task->d_name[0] != '.';
  closedir(tasks);
  return threads == 1;
}

TEST(destroying_does_not_wait_for_a_resolver_that_hangs) {
  name_stands_for("127.0.0.1", NULL);
  resolver_hangs(true);
  paynow_client client = client_by_name(0);
  CHECK_OK(get_mira(client, NULL, NULL));
  wait_until_asked();
  // Returning at all is what is tested: the resolver is let go only afterwards.
  destroy(client);
  resolver_hangs(false);
  // Who was left behind ends by itself.
  CHECK(eventually(is_alone, NULL));
}
