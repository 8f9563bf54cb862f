// Who is asked to do what: the peers, the distances, and the conditions each client goes through.
#pragma once

#include <cstdlib>
#include <string>
#include <vector>

#include <unistd.h>

#include "../process.hpp"
#include "subject.hpp"

namespace bench {

struct Options {
  std::string folder, sandbox, nginx;
  bool quick = false, is_long = false;
  Words java; // the command that runs a Java peer, without the peer's name
};

// A program that asks, and which of the conditions it is put into.
struct Peer {
  std::string name;
  Words command;
  std::vector<unsigned> bursts;
  bool single;
  unsigned warm_ups; // bursts that are not counted
};

// How often each condition is measured.
struct Rounds {
  unsigned single, warm, second, quiet;
};

class Plan {
public:
  // The bridge with as many workers as there are requests, which is measured in bursts of 200 only.
  static constexpr const char *more_workers = "bridge, 256 workers";
  static constexpr const char *curl_http1 = "libcurl, HTTP/1.1";

  explicit Plan(const Options &options) : options_(options) {
    if (options.java.empty()) {
      plan_native();
    } else {
      plan_java();
    }
  }

  const std::vector<Peer> &peers() const { return peers_; }
  const std::vector<unsigned> &bursts() const { return peers_.front().bursts; }
  const std::vector<unsigned> &round_trips() const { return round_trips_; }
  const Rounds &rounds() const { return rounds_; }
  // The one of the quiets before a burst that is drawn.
  const char *drawn_quiet() const { return options_.java.empty() ? "after 25 s" : "after 1 s"; }

  Words names() const {
    Words names;
    for (const auto &peer : peers_) names.push_back(peer.name);
    return names;
  }

  // One look-up at a time: with a new client, then after longer and longer quiets.
  std::vector<Step> single_steps() const {
    std::vector<Step> steps{{0, 1, "a new client"}, {1, 1, "1 s of quiet"}};
    if (options_.quick) return steps;
    steps.push_back({25, 1, "25 s of quiet"});
    steps.push_back({90, 1, "90 s of quiet"});
    if (options_.is_long) steps.push_back({600, 1, "10 min of quiet"});
    return steps;
  }

  // The longest first. Peers alternate, so that what the machine does meanwhile meets them all.
  std::vector<Subject> subjects() const {
    std::vector<Subject> subjects;
    for (unsigned i = 0; i < rounds_.single; i++) {
      for (const unsigned round_trip : round_trips_) {
        for (const auto &peer : peers_) {
          if (peer.single) subjects.emplace_back(peer.name, peer.command, round_trip, single_steps());
        }
      }
    }
    for (const unsigned round_trip : round_trips_) {
      for (const unsigned count : bursts()) {
        for (const auto &peer : peers_) subjects.emplace_back(peer.name, peer.command, round_trip, burst_steps(peer, count));
      }
      if (options_.java.empty() && !options_.quick) {
        Words command = peers_.front().command;
        command.push_back("256");
        subjects.emplace_back(more_workers, command, round_trip, burst_steps(peers_.front(), 200));
      }
    }
    return subjects;
  }

private:
  void plan_native() {
    const auto bursts = options_.quick ? std::vector<unsigned>{1, 16} : std::vector<unsigned>{1, 16, 64, 200};
    const std::string bridge = options_.folder + "/ask_bridge";
    const std::string curl = options_.folder + "/ask_curl";
    peers_.push_back({"bridge", {bridge}, bursts, true, 1});
    if (access(curl.c_str(), X_OK) == 0) {
      peers_.push_back({curl_http1, {curl, "1"}, bursts, true, 1});
      peers_.push_back({"libcurl, HTTP/2", {curl, "2"}, bursts, true, 1});
    }
    rounds_ = options_.quick ? Rounds{1, 1, 0, 0} : Rounds{5, 5, 0, 3};
    if (options_.quick) round_trips_ = {20};
  }

  // Fewer conditions, and more bursts beforehand: what runs is compiled meanwhile.
  void plan_java() {
    const auto bursts = options_.quick ? std::vector<unsigned>{1} : std::vector<unsigned>{1, 16, 64};
    const auto add = [&](const char *name, const char *program) {
      Words command = options_.java;
      command.push_back(program);
      peers_.push_back({name, command, bursts, false, options_.quick ? 2u : 30u});
    };
    add("bridge", "bridge");
    add("HttpClient, HTTP/2", "jdk2");
    add("OkHttp, HTTP/2", "okhttp2");
    rounds_ = options_.quick ? Rounds{0, 1, 1, 0} : Rounds{0, 5, 3, 0};
    if (options_.quick) round_trips_ = {20};
  }

  // The first burst opens the connections, and what follows at once finds them open.
  std::vector<Step> burst_steps(const Peer &peer, unsigned count) const {
    std::vector<Step> steps{{0, count, "new client"}};
    for (unsigned i = 0; i < peer.warm_ups; i++) steps.push_back({0.05, count, ""});
    for (unsigned i = 0; i < rounds_.warm; i++) steps.push_back({0.2, count, "warm"});
    for (unsigned i = 0; i < rounds_.second; i++) steps.push_back({1, count, "after 1 s"});
    for (unsigned i = 0; i < rounds_.quiet; i++) steps.push_back({25, count, "after 25 s"});
    return steps;
  }

  Options options_;
  std::vector<Peer> peers_;
  std::vector<unsigned> round_trips_{20, 40, 120};
  Rounds rounds_{};
};

} // namespace bench
