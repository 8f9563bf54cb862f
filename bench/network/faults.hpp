// The network fails in each way it can, under a load that each server's share of the rate carries alone.
#pragma once

#include <functional>

#include "world.hpp"

namespace bench {

class Faults {
public:
  Faults(World &world, std::string proxy)
      : world_(world), proxy_(std::move(proxy)), servers_(world.quick ? 10 : 20), from_(world.quick ? 2 : 4), until_(world.quick ? 5 : 8),
        length_(world.quick ? 9 : 14) {}

  void run() {
    simple("no fault", [](Redis &) {}, [](Redis &) {});
    simple("killed, and started again", [](Redis &redis) { redis.kill(); }, [](Redis &redis) { redis.start(); });
    simple("stopped (SIGSTOP)", [](Redis &redis) { redis.pause(); }, [](Redis &redis) { redis.resume(); });
    if (!world_.quick) {
      simple("full", [](Redis &redis) { redis.say({"CONFIG", "SET", "maxmemory", "1"}); },
             [](Redis &redis) { redis.say({"CONFIG", "SET", "maxmemory", "0"}); });
      simple("read-only", [](Redis &redis) { redis.say({"REPLICAOF", "127.0.0.1", "1"}); }, [](Redis &redis) { redis.say({"REPLICAOF", "NO", "ONE"}); });
      simple("locked out", [](Redis &redis) { redis.say({"ACL", "DELUSER", "paynow"}); }, [](Redis &redis) { redis.say({"ACL", "LOAD"}); });
    }
    simple("emptied (FLUSHALL)", [](Redis &redis) { redis.say({"FLUSHALL"}); }, [](Redis &) {});
    slow();
    if (!world_.quick) failover();
  }

  void print() const {
    std::cout << "\n### Faults\n\n"
              << servers_ << " servers, each with one player a second, each fifth not yet a customer and on two servers at once; the rate set is "
              << CONFIGURED.per_second << "/s, of which " << fixed(static_cast<double>(CONFIGURED.per_second) / servers_, 1)
              << "/s is a server's share.\nThe fault begins after " << from_ << " s and lasts " << until_ - from_
              << " s. Back: from its end (for a failover: from when the new master takes writes) until\nthe last server that noticed says that the network "
                 "answers. Lines: the most of any server, in its log.\n";
    head({"Redis is", "players", "failed", "customers twice", "409s", "429s", "lines", "p99", "slowest before", "slowest from then on", "servers that noticed",
          "back after"});
    for (const auto &found : found_) {
      row({found.name, grouped(found.answers), grouped(found.failed), grouped(found.upstream.twice), grouped(found.upstream.conflicts),
           grouped(found.upstream.limited), grouped(found.lines), time_of(found.p99), time_of(found.healthy), time_of(found.slowest),
           grouped(static_cast<double>(found.noticed)),
           found.lost != 0 ? std::to_string(found.lost) + " not" : found.noticed == 0 ? "–" : fixed(found.back, 2) + " s"});
    }
  }

  void judge() const {
    const double healthy = found_.front().slowest;
    for (const auto &found : found_) {
      const std::string where = found.name + ", " + std::to_string(servers_) + " servers";
      world_.most("fault: failed: 0", found.failed, 0, where);
      world_.most("fault: customers twice: 0", found.upstream.twice, 0, where);
      world_.most("fault: lines <= 3", found.lines, 3, where);
      world_.most("fault: slowest <= healthy + 500 ms", found.slowest, healthy + 5e8, time_of(found.slowest), where);
      const bool is_back = found.lost == 0;
      if (found.noticed != 0) world_.most("fault: back within 3 s", is_back ? found.back : 1e9, 3, is_back ? fixed(found.back, 2) + " s" : "not", where);
    }
  }

private:
  using Act = std::function<void(Redis &)>;

  struct Found {
    std::string name;
    unsigned answers, failed, lines;
    double p99, healthy, slowest, back;
    size_t noticed;
    unsigned lost; // servers that did not come back
    Upstream upstream;
  };

  Plans plans() const {
    std::mt19937 random(7);
    Plans plans(servers_);
    unsigned next = 0;
    double time = 0;
    for (unsigned second = 0; second + 2 < length_; second++) {
      // Each asks once in a second, and those who share a newcomer at the same time.
      for (unsigned i = 0; i < servers_; i++) {
        const bool is_new = i / 2 % 5 == second % 5;
        if (!is_new || i % 2 == 0) time = second + (random() / 4294967296.0);
        if (is_new && i % 2 == 0) next++;
        plans[i].push_back({time, 'e', is_new ? newcomer(next) : static_cast<unsigned>(random() % 400)});
      }
    }
    for (auto &plan : plans) std::sort(plan.begin(), plan.end(), [](const Question &a, const Question &b) { return a.at < b.at; });
    return plans;
  }

  void simple(const std::string &name, const Act &begin, const Act &end) {
    Redis redis = world_.redis();
    play(name, redis.address(), [&] { begin(redis); }, [&] {
      end(redis);
      return Clock::now();
    });
  }

  void slow() {
    Redis redis = world_.redis();
    Child proxy({proxy_, "0", std::to_string(redis.port())}, true);
    const std::string address = "127.0.0.1:" + proxy.line_of(std::chrono::seconds(10));
    const auto distance = [&](const char *milliseconds) { proxy.ask(milliseconds, std::chrono::seconds(10)); };
    play("400 ms away", address, [&] { distance("400"); }, [&] {
      distance("0");
      return Clock::now();
    });
  }

  void failover() {
    Redis master = world_.redis();
    Redis replica = world_.redis({"--replicaof", "127.0.0.1 " + std::to_string(master.port()), "--repl-diskless-sync-delay", "0"});
    const auto sentinel = Redis::sentinel(world_.redis_program, world_.folder, master.port());
    const auto until = [](const char *what, const std::function<bool()> &is_so) {
      for (const auto late = Clock::now() + std::chrono::seconds(30); !is_so(); std::this_thread::sleep_for(std::chrono::milliseconds(5))) {
        if (Clock::now() > late) fail(what);
      }
    };
    until("the replica does not follow", [&] { return replica.say({"INFO", "replication"}).find("master_link_status:up") != std::string::npos; });
    const std::string port = std::to_string(replica.port());
    until("the Sentinel does not see the replica", [&] { return sentinel->say({"SENTINEL", "REPLICAS", "store"}).find(port) != std::string::npos; });
    Clock::time_point lifted;
    play("failing over (Sentinel)", "store@" + sentinel->address(),
         [&] {
           master.kill();
           until("no failover", [&] { return replica.say({"ROLE"}).rfind("master", 0) == 0; });
           lifted = Clock::now();
         },
         [&] { return lifted; });
  }

  void play(const std::string &name, const std::string &network, const std::function<void()> &begin, const std::function<Clock::time_point()> &end) {
    progress("fault: " + name);
    world_.fresh(API_LIMIT);
    Fleet fleet(world_.folder, servers_, network, CONFIGURED);
    fleet.begin(plans(), length_, 10);
    std::this_thread::sleep_until(fleet.start() + seconds(from_));
    begin();
    std::this_thread::sleep_until(fleet.start() + seconds(until_));
    const double lifted = std::chrono::duration<double>(end() - fleet.start()).count();
    const auto played = fleet.end();
    Found found{name, 0, 0, 0, 0, 0, 0, 0, 0, 0, Upstream(world_.sandbox)};
    const auto answers = by_time(played);
    found.answers = static_cast<unsigned>(answers.size());
    found.failed = failures(answers);
    found.p99 = rank(answers, 0.99);
    for (const auto &answer : answers) {
      double &slowest = answer.at + answer.took < from_ ? found.healthy : found.slowest;
      slowest = std::max(slowest, rank({answer}, 1));
    }
    for (const auto &server : played) {
      found.lines = std::max(found.lines, server.lines);
      if (server.ups.empty()) continue;
      found.noticed++;
      found.lost += !server.ups.back().second;
      found.back = std::max(found.back, server.ups.back().first - lifted);
    }
    found_.push_back(std::move(found));
  }

  World &world_;
  std::string proxy_;
  unsigned servers_, from_, until_, length_;
  std::vector<Found> found_;
};

} // namespace bench
