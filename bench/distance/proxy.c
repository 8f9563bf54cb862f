/*
 * A distance: passes bytes on between a client and a server, each half a round trip after it came. To a line on standard input it answers how
 * many connections clients have opened so far and how many of them neither side has closed; a number in the line is the round trip from there on, in
 * ms. Prints its port first; ends when standard input does. Linux.
 *   proxy ROUND-TRIP-MS SERVER-PORT
 *
 * The kernel takes a client's connection at once, which no program can delay. The round trip that this would take is added to the first bytes the
 * client sends: the answer to them comes when it would have come. Nor can it delay acknowledgements: a sender that waits for one has it at once.
 */
#define _GNU_SOURCE
#include "../bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 4096, CHUNK = 16384, EVENTS = 256 };

/* Bytes, or with none of them the end, under way since half a round trip before `due`. */
struct chunk {
  struct chunk *next;
  uint64_t due;
  size_t size;
  size_t sent;
  char bytes[];
};

/* One direction: read from one socket, written to the other. */
struct way {
  struct chunk *first;
  struct chunk **last;
  bool ended;   /* the end was read; nothing follows it */
  bool passed;  /* the end was passed on */
  bool blocked; /* the receiver's buffer is full */
};

struct connection;

struct end {
  struct connection *connection;
  int fd;
  bool is_client;
};

struct connection {
  struct end client, server;
  struct way up, down;
  uint64_t spoke;  /* when the client's first bytes are on their way at last; 0: it has sent none */
  uint64_t broken; /* when the reset of one side reaches the other; 0: none came */
};

static struct connection *connections[MOST_CONNECTIONS];
static size_t open_count;
static uint64_t opened_count;
static uint64_t round_trip;
static struct sockaddr_in server_address;
static int poller;

static void watch(int fd, uint32_t what, void *user) {
  struct epoll_event wanted = {.events = what, .data.ptr = user};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &wanted) != 0) bench_fail("epoll_ctl", strerror(errno));
}

/* ---- bytes under way ---- */

static void way_init(struct way *way) {
  memset(way, 0, sizeof *way);
  way->last = &way->first;
}

static void way_add(struct way *way, const char *bytes, size_t size, uint64_t due) {
  struct chunk *chunk = malloc(sizeof *chunk + size);
  if (chunk == NULL) bench_fail("proxy", "out of memory");
  *chunk = (struct chunk){.due = due, .size = size};
  memcpy(chunk->bytes, bytes, size);
  *way->last = chunk;
  way->last = &chunk->next;
}

static void way_drop_first(struct way *way) {
  struct chunk *first = way->first;
  way->first = first->next;
  if (way->first == NULL) way->last = &way->first;
  free(first);
}

/* Passes on what has arrived by now. False: the receiver is gone. */
static bool way_deliver(struct way *way, int receiver, uint64_t now) {
  while (!way->blocked && way->first != NULL && way->first->due <= now) {
    struct chunk *first = way->first;
    if (first->size == 0) {
      shutdown(receiver, SHUT_WR);
      way->passed = true;
    }
    while (first->sent < first->size) {
      const ssize_t count = send(receiver, first->bytes + first->sent, first->size - first->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count < 0 && errno == EAGAIN) way->blocked = true;
      if (count < 0) return way->blocked;
      first->sent += (size_t)count;
    }
    way_drop_first(way);
  }
  return true;
}

/* ---- connections ---- */

static int nonblocking_socket(int fd) {
  const int on = 1;
  if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) bench_fail("socket", strerror(errno));
  return fd;
}

/* Says at once that it came. Left to itself the kernel waits up to 40 ms, which no sender that waits for it would on a real way. */
static void acknowledge(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

static void open_connection(int client) {
  struct connection *connection = calloc(1, sizeof *connection);
  if (connection == NULL || open_count == MOST_CONNECTIONS) bench_fail("proxy", "too many connections");
  const int server = nonblocking_socket(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (connect(server, (struct sockaddr *)&server_address, sizeof server_address) != 0 && errno != EINPROGRESS) bench_fail("connect", strerror(errno));
  connection->client = (struct end){connection, nonblocking_socket(client), true};
  connection->server = (struct end){connection, server, false};
  way_init(&connection->up);
  way_init(&connection->down);
  connections[open_count++] = connection;
  opened_count++;
  watch(client, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &connection->client);
  watch(server, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &connection->server);
}

/* `reset`: the other side did not close in good order, so this one does not see it closed in good order. */
static void close_connection(size_t index, bool reset) {
  struct connection *connection = connections[index];
  const struct linger at_once = {1, 0};
  const int fds[] = {connection->client.fd, connection->server.fd};
  for (size_t i = 0; i < 2; i++) {
    if (reset) setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fds[i]);
  }
  while (connection->up.first != NULL) way_drop_first(&connection->up);
  while (connection->down.first != NULL) way_drop_first(&connection->down);
  free(connection);
  connections[index] = connections[--open_count];
}

static void read_end(struct end *end) {
  struct connection *connection = end->connection;
  struct way *way = end->is_client ? &connection->up : &connection->down;
  char bytes[CHUNK];
  while (!way->ended) {
    const ssize_t count = recv(end->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    acknowledge(end->fd);
    uint64_t left = bench_now();
    if (end->is_client) {
      if (connection->spoke == 0) connection->spoke = left + round_trip;
      if (left < connection->spoke) left = connection->spoke;
    }
    const uint64_t due = left + round_trip / 2;
    if (count > 0) {
      way_add(way, bytes, (size_t)count, due);
      continue;
    }
    way->ended = true;
    if (count == 0) way_add(way, bytes, 0, due);
    if (count < 0 && connection->broken == 0) connection->broken = due;
  }
}

static void serve_event(const struct epoll_event *event) {
  struct end *end = event->data.ptr;
  if (event->events & EPOLLOUT) (end->is_client ? &end->connection->down : &end->connection->up)->blocked = false;
  if (event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) read_end(end);
}

static void sooner(uint64_t *next, uint64_t due) {
  if (*next == 0 || due < *next) *next = due;
}

/* Passes on all that has arrived, and says when the next will: 0 is never. */
static uint64_t deliver(void) {
  uint64_t next = 0;
  for (size_t i = open_count; i-- > 0;) {
    struct connection *connection = connections[i];
    const uint64_t now = bench_now();
    const bool broken = connection->broken != 0 && connection->broken <= now;
    if (broken || !way_deliver(&connection->up, connection->server.fd, now) || !way_deliver(&connection->down, connection->client.fd, now)) {
      close_connection(i, true);
      continue;
    }
    if (connection->up.passed && connection->down.passed) {
      close_connection(i, false);
      continue;
    }
    if (connection->broken != 0) sooner(&next, connection->broken);
    if (connection->up.first != NULL && !connection->up.blocked) sooner(&next, connection->up.first->due);
    if (connection->down.first != NULL && !connection->down.blocked) sooner(&next, connection->down.first->due);
  }
  return next;
}

/* ---- the whole ---- */

static int listen_on_loopback(void) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 4096) != 0 ||
      getsockname(listener, (struct sockaddr *)&address, &size) != 0)
    bench_fail("listen", strerror(errno));
  printf("%u\n", (unsigned)ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

static void answer_questions(void) {
  char asked[256];
  const ssize_t count = read(STDIN_FILENO, asked, sizeof asked - 1);
  if (count <= 0) exit(0);
  asked[count] = '\0';
  if (asked[0] >= '0' && asked[0] <= '9') round_trip = strtoull(asked, NULL, 10) * 1000000u;
  size_t usable = 0;
  for (size_t i = 0; i < open_count; i++) usable += !connections[i]->up.ended && !connections[i]->down.ended;
  for (ssize_t i = 0; i < count; i++) {
    if (asked[i] == '\n') printf("opened %llu open %zu\n", (unsigned long long)opened_count, usable);
  }
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: proxy ROUND-TRIP-MS SERVER-PORT\n");
    return 2;
  }
  round_trip = strtoull(argv[1], NULL, 10) * 1000000u;
  server_address = (struct sockaddr_in){
      .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10))};
  static struct end listener, questions;
  poller = epoll_create1(EPOLL_CLOEXEC);
  if (poller < 0) bench_fail("epoll_create1", strerror(errno));
  listener.fd = listen_on_loopback();
  watch(listener.fd, EPOLLIN, &listener);
  watch(STDIN_FILENO, EPOLLIN, &questions);

  for (uint64_t next = 0;; next = deliver()) {
    struct epoll_event events[EVENTS];
    struct timespec wait = {0, 0};
    const uint64_t now = bench_now();
    if (next > now) {
      wait.tv_sec = (time_t)((next - now) / UINT64_C(1000000000));
      wait.tv_nsec = (long)((next - now) % UINT64_C(1000000000));
    }
    const int count = epoll_pwait2(poller, events, EVENTS, next == 0 ? NULL : &wait, NULL);
    if (count < 0 && errno != EINTR) bench_fail("epoll_pwait2", strerror(errno));
    for (int i = 0; i < count; i++) {
      if (events[i].data.ptr == &questions) {
        answer_questions();
      } else if (events[i].data.ptr == &listener) {
        for (int client; (client = accept4(listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) open_connection(client);
      } else {
        serve_event(&events[i]);
      }
    }
  }
}
