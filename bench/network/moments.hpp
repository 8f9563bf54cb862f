// Short scenes: many unknown players at once, a change that others see, a server that dies with a question, and servers with nothing to do.
#pragma once

#include "world.hpp"

namespace bench {

// 20 players that are not yet customers, on every server at once.
class Rush {
public:
  explicit Rush(World &world) : world_(world), servers_(world.quick ? 20 : 100) {}

  void run() {
    play(false);
    play(true);
  }

  void print() const {
    std::cout << "\n### Rush\n\n"
              << players << " players that are not yet customers, on each of " << servers_ << " servers at the same moment: " << grouped(players * servers_)
              << " times `paynow_ensure_customer`. No rate is set.\nWithout the network the API has no limit here, with it that of " << API_LIMIT
              << " a second.\n";
    head({"network", "requests", "look-ups", "creates", "409s", "429s", "failed", "customers twice", "p50", "p99", "slowest"});
    for (const auto &run : runs_) {
      row({run.has_network ? "with" : "without", grouped(static_cast<double>(run.upstream.requests.size())), grouped(run.upstream.look_ups),
           grouped(run.upstream.creates), grouped(run.upstream.conflicts), grouped(run.upstream.limited), grouped(failures(run.answers)),
           grouped(run.upstream.twice), time_of(rank(run.answers, 0.5)), time_of(rank(run.answers, 0.99)), time_of(rank(run.answers, 1))});
    }
  }

  void judge() const {
    const Run &run = runs_.back();
    const std::string where = std::to_string(servers_) + " servers";
    const double p99 = rank(run.answers, 0.99);
    world_.most("rush: requests <= 44", static_cast<double>(run.upstream.requests.size()), 44, where);
    world_.most("rush: 409s <= 2", run.upstream.conflicts, 2, where);
    world_.most("rush: failed: 0", failures(run.answers), 0, where);
    world_.most("rush: p99 <= 500 ms", p99, 5e8, time_of(p99), where);
  }

private:
  static constexpr unsigned players = 20;

  struct Run {
    bool has_network;
    std::vector<Answer> answers;
    Upstream upstream;
  };

  void play(bool has_network) {
    progress(std::string("rush ") + (has_network ? "with" : "without") + " the network");
    world_.fresh(has_network ? API_LIMIT : 0);
    std::optional<Redis> redis;
    if (has_network) redis.emplace(world_.redis());
    Fleet fleet(world_.folder, servers_, has_network ? redis->address() : "-", UNKNOWN);
    Plans plans(servers_);
    for (auto &plan : plans) {
      for (unsigned i = 0; i < players; i++) plan.push_back({0, 'e', newcomer(i)});
    }
    fleet.begin(plans, 0, 1000);
    const auto played = fleet.end();
    runs_.push_back({has_network, by_time(played), Upstream(world_.sandbox)});
  }

  World &world_;
  unsigned servers_;
  std::vector<Run> runs_;
};

// One server changes a customer that all remember.
class Change {
public:
  explicit Change(World &world) : world_(world), servers_(world.quick ? 10 : 100) {}

  void run() {
    progress("change: " + std::to_string(servers_) + " servers");
    world_.fresh(API_LIMIT);
    Redis redis = world_.redis();
    Fleet fleet(world_.folder, servers_, redis.address(), UNKNOWN);
    fleet.all("watch 7 Bench_7 10000");
    for (unsigned round = 0; round < rounds; round++) {
      const std::string name = "Changed_" + std::to_string(round);
      for (size_t i = 1; i < servers_; i++) fleet.at(i).tell("watch 7 " + name + " 10000");
      const double written = at(numbers_of(fleet.at(0).ask("write 7 " + name, std::chrono::seconds(20))), "written");
      for (size_t i = 1; i < servers_; i++) {
        const double seen = at(numbers_of(fleet.at(i).line_of(std::chrono::seconds(20))), "seen");
        if (written == 0 || seen == 0) {
          unseen_++;
        } else {
          took_.push_back(std::max(0.0, seen - written));
        }
      }
    }
    std::sort(took_.begin(), took_.end());
  }

  // What is seen of it without the network: a server goes on with what it remembers. Runs beside everything else, in a sandbox of its own.
  void begin_without(const std::string &sandbox_program) {
    alone_sandbox_.emplace(sandbox_program, world_.folder, LATENCY_MS);
    alone_sandbox_->fill();
    alone_.emplace(world_.folder, 2, "-", UNKNOWN);
    alone_->all("watch 7 Bench_7 10000");
    alone_->at(1).tell("watch 7 Changed 330000");
    alone_written_ = at(numbers_of(alone_->at(0).ask("write 7 Changed", std::chrono::seconds(20))), "written");
  }

  void end_without() {
    if (!alone_) return;
    progress("change without the network: until what was remembered is old");
    alone_seen_ = at(numbers_of(alone_->at(1).line_of(std::chrono::seconds(340))), "seen");
    alone_.reset();
    alone_sandbox_.reset();
  }

  void print() const {
    std::cout << "\n### Change\n\nA server changes a customer that all remember; from its answer until each other server says so, asking every 10 ms: "
              << rounds << " changes, " << servers_ - 1 << " servers.\n";
    head({"network", "median", "slowest", "not seen"});
    if (alone_seen_ > 0) row({"without", "–", fixed((alone_seen_ - alone_written_) / 1e9, 0) + " s", "0"});
    if (!took_.empty()) row({"with", duration(took_[took_.size() / 2]), duration(took_.back()), grouped(unseen_)});
  }

  void judge() const {
    const double slowest = unseen_ != 0 || took_.empty() ? 1e10 : took_.back();
    world_.most("change: others see it within 100 ms", slowest, 1e8, duration(slowest), std::to_string(servers_) + " servers");
  }

private:
  static constexpr unsigned rounds = 5;
  World &world_;
  unsigned servers_;
  std::vector<double> took_;
  unsigned unseen_ = 0;
  std::optional<Sandbox> alone_sandbox_;
  std::optional<Fleet> alone_;
  double alone_written_ = 0, alone_seen_ = 0;
};

// The server that asks for all of them is killed.
class Leader {
public:
  explicit Leader(World &world) : world_(world) {}

  void run() {
    play("while it looks up", false);
    play("while it creates", true);
  }

  void print() const {
    std::cout << "\n### Leader killed\n\nA player that is not yet a customer, on " << others + 1
              << " servers within 10 ms. The server that holds the lease gets SIGKILL.\n";
    head({"killed", "look-ups", "creates", "customers made", "409s", "failed", "slowest of the others"});
    for (const auto &run : runs_) {
      row({run.when, grouped(run.upstream.look_ups), grouped(run.upstream.creates), grouped(run.upstream.made), grouped(run.upstream.conflicts), grouped(failures(run.answers)),
           time_of(rank(run.answers, 1))});
    }
  }

  void judge() const {
    for (const auto &run : runs_) {
      const std::string where = run.when;
      world_.most("leader killed: 1 customer made", run.upstream.made, 1, where);
      world_.most("leader killed: look-ups <= 2", run.upstream.look_ups, 2, where);
      world_.most("leader killed: failed: 0", failures(run.answers), 0, where);
      world_.most("leader killed: all within 5 s", rank(run.answers, 1), 5e9, time_of(rank(run.answers, 1)), where);
    }
  }

private:
  static constexpr unsigned others = 19;

  struct Run {
    std::string when;
    std::vector<Answer> answers;
    Upstream upstream;
  };

  void play(const std::string &when, bool in_create) {
    progress("leader killed " + when);
    world_.fresh(API_LIMIT);
    Redis redis = world_.redis();
    Fleet leader(world_.folder, 1, redis.address(), CONFIGURED);
    const std::string names = "paynowbridge:{" + world_.sandbox.store() + "}:";
    const std::string name = redis.say({"ZRANGE", names + "s", "0", "-1"}).substr(0, 16);
    Fleet fleet(world_.folder, others, redis.address(), CONFIGURED);
    const auto start = fleet.soon() + seconds(0.2);
    leader.begin({{{0, 'e', newcomer(1)}}}, 0, 1000, start);
    fleet.begin(Plans(others, {{0, 'e', newcomer(1)}}), 0, 1000, start + seconds(0.01));
    while (holder(redis, names) != name) wait(leader, "no server holds the lease");
    std::this_thread::sleep_until(start + seconds(0.025));
    while (in_create && Upstream(world_.sandbox).creates == 0) wait(leader, "nothing is created");
    if (holder(redis, names) != name) fail("the leader was too fast to be killed");
    leader.kill(0);
    if (!in_create && Upstream(world_.sandbox).creates != 0) fail("the leader was too fast to be killed");
    const auto played = fleet.end();
    runs_.push_back({when, by_time(played), Upstream(world_.sandbox)});
  }

  static void wait(const Fleet &fleet, const char *otherwise) {
    if (Clock::now() > fleet.start() + std::chrono::seconds(5)) fail(otherwise);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  // The name of the server that has the only lease.
  static std::string holder(Redis &redis, const std::string &names) {
    std::string key = redis.say({"KEYS", names + "l:*"});
    if (key.empty()) return "";
    key.pop_back();
    return redis.say({"GET", key}).substr(0, 16);
  }

  World &world_;
  std::vector<Run> runs_;
};

// Servers with nothing to do.
class Idle {
public:
  explicit Idle(World &world) : world_(world), seconds_(world.quick ? 5 : 30) {}

  void run() {
    progress("idle");
    world_.fresh(API_LIMIT);
    Redis redis = world_.redis();
    Fleet without(world_.folder, servers, "-", CONFIGURED);
    Fleet with(world_.folder, servers, redis.address(), CONFIGURED);
    for (Fleet *fleet : {&without, &with}) fleet->all("idle 1");
    std::vector<Numbers> before;
    for (Fleet *fleet : {&without, &with}) {
      for (size_t i = 0; i < servers; i++) before.push_back(fleet->state(i));
    }
    for (Fleet *fleet : {&without, &with}) {
      for (size_t i = 0; i < servers; i++) fleet->at(i).tell("idle " + std::to_string(seconds_));
    }
    for (Fleet *fleet : {&without, &with}) {
      for (size_t i = 0; i < servers; i++) fleet->at(i).line_of(std::chrono::seconds(120));
    }
    size_t next = 0;
    for (Fleet *fleet : {&without, &with}) {
      std::vector<double> threads, megabytes, percent;
      for (size_t i = 0; i < servers; i++) {
        const Numbers after = fleet->state(i);
        threads.push_back(bench::at(after, "threads"));
        megabytes.push_back(bench::at(after, "rss_kib") * 1024 / 1e6);
        percent.push_back((bench::at(after, "cpu_s") - bench::at(before[next++], "cpu_s")) / seconds_ * 100);
      }
      found_.push_back({median(threads), median(megabytes), median(percent)});
    }
  }

  void print() const {
    std::cout << "\n### Idle\n\nA server that ticks 20 times a second and asks nothing, for " << seconds_ << " s: medians of " << servers
              << " servers of each kind, side by side.\n";
    head({"network", "threads", "resident memory, MB", "CPU, % of a core"});
    row({"without", grouped(found_[0].threads), fixed(found_[0].megabytes, 2), fixed(found_[0].percent, 3)});
    row({"with", grouped(found_[1].threads), fixed(found_[1].megabytes, 2), fixed(found_[1].percent, 3)});
  }

  void judge() const {
    const double threads = found_[1].threads - found_[0].threads, megabytes = found_[1].megabytes - found_[0].megabytes;
    const double percent = found_[1].percent - found_[0].percent;
    const std::string place = std::to_string(servers) + " servers of each kind";
    world_.most("idle: <= 1 thread more", threads, 1, place);
    world_.most("idle: <= 0.5 MB more", megabytes, 0.5, fixed(megabytes, 2) + " MB", place);
    world_.most("idle: <= 0.05 % of a core more", percent, 0.05, fixed(percent, 3) + " %", place);
  }

private:
  static constexpr size_t servers = 7;

  struct Found {
    double threads, megabytes, percent;
  };

  static double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  }

  World &world_;
  unsigned seconds_;
  std::vector<Found> found_;
};

} // namespace bench
