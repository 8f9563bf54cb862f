// A child process: what it prints, and that it does not outlive the benchmark. Linux.
#pragma once

#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

using Clock = std::chrono::steady_clock;
using Words = std::vector<std::string>;

[[noreturn]] inline void fail(const std::string &what) { throw std::runtime_error(what); }

inline void progress(const std::string &what) { std::cerr << "bench: " << what << std::endl; }

class Child {
public:
  Child(const Words &command, bool feeds_stdin) {
    int out[2];
    int in[2];
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(in, O_CLOEXEC) != 0) fail("pipe2");
    std::vector<char *> argv;
    for (const auto &word : command) argv.push_back(const_cast<char *>(word.c_str()));
    argv.push_back(nullptr);
    name_ = command.front();
    pid_ = fork();
    if (pid_ < 0) fail("fork");
    if (pid_ == 0) {
      // Also when the benchmark is killed.
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      dup2(in[0], STDIN_FILENO);
      dup2(out[1], STDOUT_FILENO);
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(out[1]);
    close(in[0]);
    out_ = out[0];
    in_ = in[1];
    if (!feeds_stdin) close_stdin();
  }
  Child(const Child &) = delete;
  Child &operator=(const Child &) = delete;
  ~Child() {
    close_stdin();
    if (out_ >= 0) close(out_);
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }

  // The line alone: the answer is read with line_of.
  void tell(const std::string &line) {
    const std::string text = line + "\n";
    if (write(in_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) fail(name_ + " has ended");
  }

  void signal(int number) const { ::kill(pid_, number); }

  // Seconds of processor time it has used so far.
  double cpu_seconds() const {
    clockid_t clock;
    timespec used{};
    if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &used) != 0) fail(name_ + " has no clock");
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
  }

  // The line it answers to a line.
  std::string ask(const std::string &line, std::chrono::seconds limit) {
    tell(line);
    return line_of(limit);
  }

  // The next line it prints.
  std::string line_of(std::chrono::seconds limit) {
    const auto until = Clock::now() + limit;
    std::string text;
    for (char byte = 0;;) {
      wait_for_output(until);
      const ssize_t count = read(out_, &byte, 1);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) fail(name_ + " has ended");
      if (byte == '\n') return text;
      text += byte;
    }
  }

  // All it prints, once it has ended well.
  std::string output(std::chrono::seconds limit) {
    const auto until = Clock::now() + limit;
    std::string text;
    char buffer[4096];
    for (;;) {
      wait_for_output(until);
      const ssize_t count = read(out_, buffer, sizeof buffer);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      text.append(buffer, static_cast<size_t>(count));
    }
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail(name_ + " failed");
    return text;
  }

private:
  void wait_for_output(Clock::time_point until) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd waits{out_, POLLIN, 0};
    if (left <= 0 || poll(&waits, 1, static_cast<int>(left)) == 0) fail(name_ + " did not answer in time");
  }
  void close_stdin() {
    if (in_ >= 0) close(in_);
    in_ = -1;
  }
  std::string name_;
  pid_t pid_ = -1;
  int out_ = -1;
  int in_ = -1;
};

} // namespace bench
