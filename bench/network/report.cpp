// Plays what servers of a network do, against the sandbox and a Redis, and prints what it took as Markdown.
//   report FOLDER-OF-PROGRAMS SANDBOX-PROGRAM REDIS-PROGRAM [--quick] [--only SCENE]
#include <cstring>

#include "faults.hpp"
#include "hop.hpp"
#include "moments.hpp"

namespace {

using namespace bench;

struct Options {
  bool quick = false;
  std::string only;
};

template <typename Scene> void finish(const Scene &scene) {
  scene.print();
  scene.judge();
}

void run(const Words &programs, const Options &options) {
  World world(programs[0], programs[1], programs[2], options.quick);
  const auto is_wanted = [&](const char *scene) { return options.only.empty() || options.only == scene; };
  Change change(world);
  if (is_wanted("change") && !options.quick) {
    change.begin_without(programs[1]);
    world.sandbox.serve();
  }
  std::cout << "\n## A network of servers\n\nOn " << std::thread::hardware_concurrency() << " cores, which the servers, the sandbox and the Redis "
            << world.redis().version() << " share.\n";
  if (is_wanted("hop")) {
    Hop hop(world);
    hop.run();
    finish(hop);
  }
  if (is_wanted("rush")) {
    Rush rush(world);
    rush.run();
    finish(rush);
  }
  if (is_wanted("leader")) {
    Leader leader(world);
    leader.run();
    finish(leader);
  }
  if (is_wanted("faults")) {
    Faults faults(world, programs[0] + "/proxy");
    faults.run();
    finish(faults);
  }
  if (is_wanted("idle")) {
    Idle idle(world);
    idle.run();
    finish(idle);
  }
  if (is_wanted("change")) {
    change.run();
    change.end_without();
    finish(change);
  }
  world.goals.print("### Goals");
}

} // namespace

int main(int argc, char **argv) {
  Words programs;
  Options options;
  for (int i = 1; i < argc; i++) {
    if (std::strcmp(argv[i], "--quick") == 0) {
      options.quick = true;
    } else if (std::strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
      options.only = argv[++i];
    } else {
      programs.push_back(argv[i]);
    }
  }
  if (programs.size() != 3) {
    std::cerr << "usage: report FOLDER-OF-PROGRAMS SANDBOX-PROGRAM REDIS-PROGRAM [--quick] [--only SCENE]\n";
    return 2;
  }
  try {
    run(programs, options);
  } catch (const std::exception &error) {
    std::cerr << "bench: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
