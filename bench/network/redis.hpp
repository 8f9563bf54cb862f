// A Redis on loopback as a child process, and what it is told and asked. The game servers log in as the user that docs/network.md describes.
#pragma once

#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "../process.hpp"

namespace bench {

class Redis {
public:
  // FOLDER has the file users.acl.
  Redis(std::string program, std::string folder, Words options = {}) : port_(free_port()) {
    const std::string name = folder + "/redis-" + std::to_string(port_);
    command_ = {std::move(program)};
    command_.insert(command_.end(), {"--port", std::to_string(port_), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no",
                                     "--logfile", name + ".log", "--aclfile", folder + "/users.acl", "--dbfilename", "redis-" + std::to_string(port_) + ".rdb"});
    command_.insert(command_.end(), options.begin(), options.end());
    start();
  }

  // Watches the master at that port by the name "store".
  static std::unique_ptr<Redis> sentinel(const std::string &program, const std::string &folder, unsigned master) {
    std::unique_ptr<Redis> sentinel(new Redis(free_port()));
    const std::string file = folder + "/sentinel-" + std::to_string(sentinel->port_) + ".conf";
    std::ofstream(file, std::ios::trunc) << "sentinel monitor store 127.0.0.1 " << master
                                         << " 1\nsentinel down-after-milliseconds store 300\nsentinel failover-timeout store 2000\n";
    sentinel->command_ = {program, file, "--sentinel", "--port", std::to_string(sentinel->port_), "--bind", "127.0.0.1", "--logfile", file + ".log"};
    sentinel->start();
    return sentinel;
  }

  std::string version() {
    const std::string info = say({"INFO", "server"});
    const size_t from = info.find(':', info.find("redis_version")) + 1;
    return info.substr(from, info.find('\r', from) - from);
  }
  unsigned port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  double cpu_seconds() const { return child_->cpu_seconds(); }
  // The most it has needed so far, in bytes.
  double peak_memory() {
    const std::string info = say({"INFO", "memory"});
    return std::strtod(info.c_str() + info.find(':', info.find("used_memory_peak:")) + 1, nullptr);
  }

  void pause() { child_->signal(SIGSTOP); }
  void resume() { child_->signal(SIGCONT); }
  void kill() { child_.reset(); }
  void start() {
    child_ = std::make_unique<Child>(command_, false);
    for (int i = 0; i < 1000; i++) {
      if (try_say({"PING"}).rfind("PONG", 0) == 0) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    fail("the Redis does not start");
  }

  // Lists come as lines, an error with a "-" before it.
  std::string say(const Words &command) {
    const std::string answer = try_say(command);
    if (answer.rfind("-", 0) == 0) fail(command.front() + ": " + answer);
    return answer;
  }

private:
  explicit Redis(unsigned port) : port_(port) {}

  static unsigned free_port() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (fd < 0 || bind(fd, reinterpret_cast<sockaddr *>(&address), size) != 0 || getsockname(fd, reinterpret_cast<sockaddr *>(&address), &size) != 0) {
      fail("no port is free");
    }
    close(fd);
    return ntohs(address.sin_port);
  }

  static sockaddr_in loopback(unsigned port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  std::string try_say(const Words &command) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(port_);
    std::string text = "*" + std::to_string(command.size()) + "\r\n";
    for (const auto &word : command) text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    std::string answer = "-no answer";
    if (fd >= 0 && connect(fd, reinterpret_cast<sockaddr *>(&address), sizeof address) == 0 &&
        send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size())) {
      answer = reply(fd);
    }
    if (fd >= 0) close(fd);
    return answer;
  }

  static std::string line(int fd) {
    std::string text;
    for (char byte = 0; recv(fd, &byte, 1, 0) == 1 && byte != '\n';) {
      if (byte != '\r') text += byte;
    }
    return text;
  }

  static std::string reply(int fd) {
    const std::string head = line(fd);
    if (head.empty()) return "-no answer";
    if (head[0] == '-') return head;
    const long size = std::strtol(head.c_str() + 1, nullptr, 10);
    if (head[0] == '*') {
      std::string all;
      for (long i = 0; i < size; i++) all += reply(fd) + "\n";
      return all;
    }
    if (head[0] != '$') return head.substr(1);
    if (size < 0) return "";
    std::string value(static_cast<size_t>(size) + 2, '\0');
    if (recv(fd, value.data(), value.size(), MSG_WAITALL) != static_cast<ssize_t>(value.size())) return "-no answer";
    value.resize(static_cast<size_t>(size));
    return value;
  }

  unsigned port_;
  Words command_;
  std::unique_ptr<Child> child_;
};

} // namespace bench
