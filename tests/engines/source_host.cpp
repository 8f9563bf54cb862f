// A Source engine as a server plugin sees it: loads the plugin, ticks it, unloads it with requests in flight. Twice.
// Each interface the plugin answers to is called as the games do that have it.
//   source_host PLUGIN TIER0

#include "engine.hpp"
#include "host.hpp"

#include <cstdint>
#include <type_traits>
#include <vector>

namespace {

using host::check;
using host::contains;

class Console final : public console::Registry {
 public:
  bool Connect(CreateInterfaceFn) override { return true; }
  void Disconnect() override {}
  void* QueryInterface(const char*) override { return nullptr; }
  int Init() override { return 1; }
  void Shutdown() override {}
  int AllocateDLLIdentifier() override { return ++identifiers; }
  void RegisterConCommand(console::Command* command) override { commands.push_back(command); }
  void UnregisterConCommand(console::Command* command) override {
    for (auto each = commands.begin(); each != commands.end(); ++each) {
      if (*each != command) continue;
      commands.erase(each);
      return;
    }
  }

  int identifiers = 0;
  std::vector<console::Command*> commands;
};

Console registry;
bool has_console = true;

void* engine_factory(const char* name, int* return_code) {
  const bool known = has_console && std::strcmp(name, console::version) == 0;
  if (return_code != nullptr) *return_code = known ? 0 : 1;
  return known ? static_cast<console::Registry*>(&registry) : nullptr;
}

/// Games made from Alien Swarm and all others, as far as a plugin can tell them apart.
void* source_2013(const char* name, int*) {
  static int interface = 0;
  for (const char* known : {"ServerGameDLL005", "ServerGameDLL010", "ServerGameClients003"}) {
    if (std::strcmp(name, known) == 0) return &interface;
  }
  return nullptr;
}
void* alien_swarm(const char* name, int*) {
  static int interface = 0;
  for (const char* known : {"ServerGameDLL005", "ServerGameClients004"}) {
    if (std::strcmp(name, known) == 0) return &interface;
  }
  return nullptr;
}

const char* (*printed)() = nullptr;
void (*forget)() = nullptr;

/// What the console shows for `paynow_status`.
std::string status() {
  forget();
  // No argument is read: any object will do for the reference.
  static int nothing = 0;
  host::enter([] { registry.commands.front()->Dispatch(reinterpret_cast<const CCommand&>(nothing)); });
  return printed();
}

edict_t* edict(std::uintptr_t number) { return reinterpret_cast<edict_t*>(number * 64); }

template <class Interface>
Interface* interface_of(void* library, const char* version) {
  return static_cast<Interface*>(host::symbol<CreateInterfaceFn>(library, "CreateInterface")(version, nullptr));
}

template <class Interface>
void join(Interface& plugin, std::uintptr_t number, const char* name, const char* network_id) {
  bool allow = true;
  char reject[64] = "";
  host::enter([&] {
    (void)plugin.ClientConnect(&allow, edict(number), name, "203.0.113.5:27005", reject, sizeof reject);
    (void)plugin.NetworkIDValidated(name, network_id);
    plugin.ClientPutInServer(edict(number), name);
    plugin.ClientActive(edict(number));
  });
}

void once(const std::string& path, const std::string& round) {
  void* library = host::open_plugin(path);
  const auto create = host::symbol<CreateInterfaceFn>(library, "CreateInterface");
  int code = -1;
  check(create("ISERVERPLUGINCALLBACKS005", &code) == nullptr && code == 1, round + "/other-interfaces-are-refused");
  check(create(nullptr, nullptr) == nullptr, round + "/no-name-is-refused");
  auto* plugin = static_cast<plugins::Source2013*>(create("ISERVERPLUGINCALLBACKS003", &code));
  check(plugin != nullptr && code == 0, round + "/interface");
  if (plugin == nullptr) return;
  const auto frame = [plugin] { plugin->GameFrame(true); };

  forget();
  const std::string store = host::environment("PAYNOW_STORE_ID");
  unsetenv("PAYNOW_STORE_ID");
  check(!plugin->Load(engine_factory, source_2013) && contains(printed(), "PAYNOW_STORE_ID"),
        round + "/without-a-store-it-says-so", printed());
  setenv("PAYNOW_STORE_ID", store.c_str(), 1);
  host::enter(frame);

  check(plugin->Load(engine_factory, source_2013), round + "/load", printed());
  check(!plugin->Load(engine_factory, source_2013), round + "/a-second-load-is-refused");
  check(registry.commands.size() == 1 && std::strcmp(registry.commands.front()->GetName(), "paynow_status") == 0,
        round + "/command");
  join(*plugin, 1, "GordonF", "STEAM_0:0:26039975");
  join(*plugin, 2, "quietcorner", "[U:1:139734266]");
  join(*plugin, 3, "new\x1b[31m", "STEAM_1:1:17");
  join(*plugin, 4, "Bot01", "BOT");
  join(*plugin, 5, "gone", "[U:1:139734266]");
  host::enter([&] { plugin->ClientDisconnect(edict(5)); });
  // The place of one who left while the answer was under way, and who comes after.
  join(*plugin, 6, "left", "STEAM_0:0:26039975");
  host::enter([&] { plugin->ClientDisconnect(edict(6)); });
  join(*plugin, 6, "heir", "STEAM_ID_PENDING");
  const bool answered = host::tick_until(
      frame,
      [] {
        const std::string text = status();
        return contains(text, "GordonF 76561198012345678: customer 424710168903683004") &&
               contains(text, "quietcorner 76561198099999994: customer 429816574640130458") &&
               contains(text, "new?[31m 76561197960265763: no customer");
      },
      1000);
  check(answered, round + "/players-are-looked-up", status());
  check(contains(status(), "heir -: not asked"), round + "/an-answer-does-not-reach-who-comes-after", status());
  check(contains(status(), "Bot01 -: not asked") && !contains(status(), "gone"), round + "/bots-are-not", status());

  host::hang();
  for (std::uintptr_t number = 100; number < 150; ++number) {
    const std::string name = "late" + std::to_string(number);
    join(*plugin, number, name.c_str(), ("STEAM_0:1:" + std::to_string(number)).c_str());
  }
  check(host::tick_until(frame, [] { return contains(status(), "50 outstanding") && host::requests_wait(40); }),
        round + "/requests-are-in-flight", status());
  host::enter([&] { plugin->Unload(); });
  check(registry.commands.empty(), round + "/the-command-is-gone");
  check(host::only_this_thread_is_left(), round + "/no-thread-is-left", std::to_string(host::threads()));
  // Engines do call on after that.
  host::enter(frame);
  host::enter([&] { plugin->ClientDisconnect(edict(100)); });
  host::enter([&] { plugin->Unload(); });
  dlclose(library);
  host::heal();
  host::sandbox("POST", "reset");
}

/// One load of an interface that a game has: what a player is shown for, and the end.
template <class Interface>
void shortly(const std::string& path, const char* version, CreateInterfaceFn game, const std::string& round) {
  void* library = host::open_plugin(path);
  auto* plugin = interface_of<Interface>(library, version);
  check(plugin != nullptr, round + "/interface");
  if (plugin == nullptr) return;
  forget();
  check(plugin->Load(engine_factory, game), round + "/load", printed());
  join(*plugin, 1, "GordonF", "STEAM_0:0:26039975");
  if constexpr (std::is_same_v<Interface, plugins::AlienSwarm>) {
    host::enter([&] { plugin->ClientFullyConnect(edict(1)); });
  }
  join(*plugin, 2, "gone", "[U:1:139734266]");
  host::enter([&] { plugin->ClientDisconnect(edict(2)); });
  check(host::tick_until([plugin] { plugin->GameFrame(true); },
                         [] { return contains(status(), "GordonF 76561198012345678: customer 424710168903683004"); }),
        round + "/looks-up", status());
  check(!contains(status(), "gone"), round + "/forgets-who-left", status());
  host::enter([&] { plugin->Unload(); });
  check(registry.commands.empty() && host::only_this_thread_is_left(), round + "/nothing-is-left");
  dlclose(library);
}

void without_a_console(const std::string& path) {
  void* library = host::open_plugin(path);
  auto* plugin = interface_of<plugins::Source2013>(library, "ISERVERPLUGINCALLBACKS003");
  has_console = false;
  forget();
  check(plugin->Load(engine_factory, source_2013) && contains(printed(), "no paynow_status"),
        "source/without-its-console", printed());
  join(*plugin, 1, "GordonF", "STEAM_0:0:26039975");
  check(host::tick_until([plugin] { plugin->GameFrame(true); },
                         [] { return contains(printed(), "GordonF: customer 424710168903683004"); }),
        "source/without-its-console-it-looks-up", printed());
  host::enter([&] { plugin->Unload(); });
  check(host::only_this_thread_is_left(), "source/no-thread-is-left");
  dlclose(library);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  void* tier0 = host::open_plugin(argv[2]);
  printed = host::symbol<decltype(printed)>(tier0, "printed");
  forget = host::symbol<decltype(forget)>(tier0, "forget");
  once(argv[1], "source/first");
  once(argv[1], "source/second");
  // The versions and the games that have them.
  shortly<plugins::Source2013>(argv[1], "ISERVERPLUGINCALLBACKS001", source_2013, "source/001");
  shortly<plugins::Source2013>(argv[1], "ISERVERPLUGINCALLBACKS002", source_2013, "source/002");
  shortly<plugins::AlienSwarm>(argv[1], "ISERVERPLUGINCALLBACKS004", alien_swarm, "source/004");
  // One name, two interfaces: the plugin is the one that the game calls, also after it was the other.
  shortly<plugins::AlienSwarm>(argv[1], "ISERVERPLUGINCALLBACKS003", alien_swarm, "source/003-alien-swarm");
  shortly<plugins::Source2013>(argv[1], "ISERVERPLUGINCALLBACKS003", source_2013, "source/003-source-2013-again");
  without_a_console(argv[1]);
  return host::finish();
}
