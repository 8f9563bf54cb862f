// What the three pretended engines have in common: checks that say what they saw, the sandbox, ticks, threads.

#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace host {

/// Longer than anything takes on a busy machine; only a hang reaches it.
constexpr std::chrono::seconds patience(60);

inline int failures = 0;

/// One test: `ok` or `FAIL` with what was seen.
inline void check(bool good, const std::string& name, const std::string& seen = {}) {
  if (good) {
    std::printf("ok %s\n", name.c_str());
  } else {
    std::printf("FAIL %s: %s\n", name.c_str(), seen.empty() ? "it is not so" : seen.c_str());
    ++failures;
  }
  std::fflush(stdout);
}

inline std::string environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) {
    std::fprintf(stderr, "%s is not set: use run.sh\n", name);
    std::exit(2);
  }
  return value;
}

/// Calls into a plugin. An exception that comes out of it is a failure, and would be the end of a real engine.
template <class Function>
void enter(Function&& function) {
  try {
    function();
  } catch (const std::exception& thrown) {
    check(false, "no-exception-crosses", thrown.what());
  } catch (...) {
    check(false, "no-exception-crosses", "something was thrown");
  }
}

/// Ticks until `done()` answers true, at least `least` times; answers whether it did.
inline bool tick_until(const std::function<void()>& tick, const std::function<bool()>& done, int least = 1) {
  const auto give_up = std::chrono::steady_clock::now() + patience;
  for (int count = 0;; ++count) {
    if (count >= least && done()) return true;
    if (std::chrono::steady_clock::now() > give_up) return false;
    enter(tick);
    std::this_thread::yield();
  }
}

inline int threads() {
  int count = 0;
  DIR* tasks = opendir("/proc/self/task");
  if (tasks == nullptr) return -1;
  while (const dirent* task = readdir(tasks)) count += task->d_name[0] != '.' ? 1 : 0;
  closedir(tasks);
  return count;
}

/// A joined thread is in /proc for a moment longer.
inline bool only_this_thread_is_left() {
  return tick_until([] {}, [] { return threads() == 1; });
}

inline void* open_plugin(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    check(false, "loads", dlerror());
    std::exit(1);
  }
  return library;
}

template <class Function>
Function symbol(void* library, const char* name) {
  void* found = dlsym(library, name);
  if (found == nullptr) {
    check(false, "exports", name);
    std::exit(1);
  }
  return reinterpret_cast<Function>(found);
}

/// Steers the sandbox. Written here because the library is what is tested.
inline std::string sandbox(const char* method, const char* path, const std::string& json = {}) {
  const std::string base = environment("PAYNOW_API_BASE");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(base.c_str() + base.rfind(':') + 1)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  std::string answer;
  if (connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    const std::string request = std::string(method) + " /_sandbox/" + path +
                                " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
                                "Content-Length: " +
                                std::to_string(json.size()) + "\r\n\r\n" + json;
    if (write(connection, request.data(), request.size()) == static_cast<ssize_t>(request.size())) {
      char piece[4096];
      for (ssize_t size = 0; (size = read(connection, piece, sizeof piece)) > 0;) {
        answer.append(piece, static_cast<std::size_t>(size));
      }
    }
  }
  close(connection);
  if (answer.rfind("HTTP/1.1 2", 0) != 0) check(false, "sandbox", std::string(path) + ": " + answer.substr(0, 200));
  return answer;
}

/// From here on the API takes every request and answers none.
inline void hang() { sandbox("PUT", "faults", R"({"hang":true})"); }
inline void heal() { sandbox("DELETE", "faults"); }
/// Whether requests have reached the API and wait there.
inline bool requests_wait(int how_many) {
  const std::string log = sandbox("GET", "stats");
  const std::size_t at = log.find("\"requests\":");
  return at != std::string::npos && std::atoi(log.c_str() + at + 11) >= how_many;
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

inline int finish() { return failures == 0 ? 0 : 1; }

}  // namespace host
