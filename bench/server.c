/* A server that costs next to nothing: one thread, one answer for every request, after --latency-ms or (--hang) never. So the
 * clients are measured and not what serves them, which shares their cores. With --arrival the id in an answer is the time at which
 * its request came, on the monotonic clock, which Java's nanoTime reads too. Prints its port; ends when standard input does. Linux. */
#define _GNU_SOURCE
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_FDS = 1 << 16, MOST_HEAD = 4096 };

#define ID "421621336637440000"
static const char body[] =
    "{\"id\":\"" ID "\",\"store_id\":\"411486491630370816\",\"profile\":{\"id\":\"069a79f4-44e9-4726-a5be-fca90e38aaf5\","
    "\"platform\":\"minecraft\",\"name\":\"Notch\",\"avatar_url\":\"https://avatars.sandbox.example/minecraft/"
    "069a79f4-44e9-4726-a5be-fca90e38aaf5.png\"},\"minecraft_uuid\":\"069a79f4-44e9-4726-a5be-fca90e38aaf5\",\"minecraft\":{\"id\":"
    "\"069a79f4-44e9-4726-a5be-fca90e38aaf5\",\"name\":\"Notch\",\"avatar_url\":\"https://avatars.sandbox.example/minecraft/"
    "069a79f4-44e9-4726-a5be-fca90e38aaf5.png\"},\"xbox_xuid\":null,\"minecraft_platform\":\"java\",\"name\":\"Notch\",\"created_at\":"
    "\"2025-05-01T09:15:02.000Z\",\"updated_at\":\"2025-11-02T18:04:11.000Z\",\"metadata\":{\"discord_id\":\"175928847299117063\","
    "\"rank\":\"founder\"}}";

static char answer[2048];
static size_t answer_size;
/* Where the id is that says when the request came; null without --arrival. */
static char *arrival;

/* What waits for its time: all wait equally long, so the first to come is the first to go. */
static struct waiting {
  int fd;
  uint32_t opened;
  uint64_t due;
} queue[MOST_FDS];
static size_t queue_head, queue_tail;

/* By descriptor: the last four bytes of a head that is not complete yet, and which connection of this number it is. */
static struct connection {
  uint32_t last;
  uint32_t opened;
} connections[MOST_FDS];

/* An answer fits into the socket's buffer: no client asks for a second one before the first has come. */
static void send_answer(int fd) {
  if (arrival) {
    char id[sizeof ID];
    snprintf(id, sizeof id, "%0*llu", (int)sizeof ID - 1, (unsigned long long)bench_now());
    memcpy(arrival, id, sizeof ID - 1);
  }
  (void)!send(fd, answer, answer_size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void answer_or_wait(int fd, bool hang, uint64_t latency_ns) {
  if (hang) return;
  if (latency_ns == 0) {
    send_answer(fd);
    return;
  }
  if (queue_tail - queue_head == MOST_FDS) bench_fail("server", "too many requests wait");
  queue[queue_tail++ % MOST_FDS] = (struct waiting){fd, connections[fd].opened, bench_now() + latency_ns};
}

/* True when the connection has ended. Requests have no body: a blank line ends each. */
static bool serve(int fd, bool hang, uint64_t latency_ns) {
  unsigned char buffer[MOST_HEAD];
  const ssize_t count = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (count <= 0) return count == 0 || (errno != EAGAIN && errno != EINTR);
  uint32_t last = connections[fd].last;
  for (ssize_t i = 0; i < count; i++) {
    last = last << 8 | buffer[i];
    if (last == 0x0d0a0d0a) answer_or_wait(fd, hang, latency_ns);
  }
  connections[fd].last = last;
  return false;
}

int main(int argc, char **argv) {
  const bool hang = argc > 1 && strcmp(argv[1], "--hang") == 0;
  const uint64_t latency_ns = argc > 2 && strcmp(argv[1], "--latency-ms") == 0 ? strtoull(argv[2], NULL, 10) * 1000000u : 0;
  answer_size = (size_t)snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n\r\n%s",
                                 sizeof body - 1, body);
  if (argc > 1 && strcmp(argv[1], "--arrival") == 0) arrival = strstr(answer, ID);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 4096) != 0 ||
      getsockname(listener, (struct sockaddr *)&address, &size) != 0)
    bench_fail("listen", strerror(errno));
  const int poller = epoll_create1(EPOLL_CLOEXEC);
  const int watched[] = {listener, STDIN_FILENO};
  for (size_t i = 0; i < 2; i++) {
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = watched[i]};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, watched[i], &wanted) != 0) bench_fail("epoll_ctl", strerror(errno));
  }
  printf("%u\n", (unsigned)ntohs(address.sin_port));
  fflush(stdout);

  for (;;) {
    struct epoll_event events[256];
    struct timespec wait = {0, 0};
    if (queue_head != queue_tail) {
      const uint64_t now = bench_now(), due = queue[queue_head % MOST_FDS].due;
      wait.tv_nsec = due > now ? (long)(due - now) : 0;
    }
    const int count = epoll_pwait2(poller, events, 256, queue_head == queue_tail ? NULL : &wait, NULL);
    if (count < 0 && errno != EINTR) bench_fail("epoll_pwait2", strerror(errno));
    for (int i = 0; i < count; i++) {
      const int fd = events[i].data.fd;
      if (fd == STDIN_FILENO) return 0;
      if (fd != listener) {
        if (serve(fd, hang, latency_ns)) {
          connections[fd].opened++;
          close(fd);
        }
        continue;
      }
      const int accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (accepted < 0) continue;
      const int on = 1;
      struct epoll_event wanted = {.events = EPOLLIN, .data.fd = accepted};
      setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (accepted >= MOST_FDS || epoll_ctl(poller, EPOLL_CTL_ADD, accepted, &wanted) != 0) {
        close(accepted);
        continue;
      }
      connections[accepted].last = 0;
    }
    while (queue_head != queue_tail && queue[queue_head % MOST_FDS].due <= bench_now()) {
      const struct waiting *first = &queue[queue_head++ % MOST_FDS];
      if (connections[first->fd].opened == first->opened) send_answer(first->fd);
    }
  }
}
