// A Valve Server Plugin that looks every joining player up at a PayNow store, and shows them with `paynow_status`.
//
// The engine calls everything here on its main thread, and so does the bridge: functions given to it run inside
// poll(), that is, inside GameFrame, or inside Unload. Every function the engine calls is noexcept: an exception must
// not reach an engine that was built with another compiler, or with none to catch it.

#include <paynow_bridge.hpp>

#include "engine.hpp"
#include "settings.hpp"
#include "steam_id.hpp"

#include <cstdarg>
#include <cstdio>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <string_view>

#include <dlfcn.h>

namespace {

/// What may be printed of a text that a player or a server chose.
std::string printable(std::string_view text) {
  std::string copy(text.substr(0, 128));
  for (char& each : copy) {
    if (static_cast<unsigned char>(each) < ' ' || each == 127) each = '?';
  }
  return copy;
}

/// The server's console. The engine's own printing lives in a library that it has loaded already: looked for there
/// and not linked, so that the plugin needs no library of one game in particular. It reaches rcon, too.
void print(const char* format, ...) __attribute__((format(printf, 1, 2)));
void print(const char* format, ...) {
  using Msg = void (*)(const char*, ...);
  static const Msg msg = [] {
    for (const char* name : {"libtier0_srv.so", "libtier0.so"}) {
      void* library = dlopen(name, RTLD_LAZY | RTLD_NOLOAD);
      if (library == nullptr) continue;
      void* found = dlsym(library, "Msg");
      dlclose(library);  // The engine keeps it.
      if (found != nullptr) return reinterpret_cast<Msg>(found);
    }
    return Msg(nullptr);
  }();
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (msg != nullptr) {
    msg("[paynow] %s\n", line);
  } else {
    std::printf("[paynow] %s\n", line);
    std::fflush(stdout);
  }
}

/// `paynow.cfg` beside this plugin's file.
std::string settings_file() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&settings_file), &info) == 0 || info.dli_fname == nullptr) return "paynow.cfg";
  const std::string_view plugin = info.dli_fname;
  return std::string(plugin.substr(0, plugin.find_last_of('/') + 1)) + "paynow.cfg";
}

struct Player {
  /// Tells this player from the one who had the place before.
  std::uint64_t serial;
  std::string name;
  std::string steam_id;
  std::string found = "not asked";
};

/// From Load to Unload.
class Session {
 public:
  /// Answers what is wrong, or an empty text.
  std::string start() {
    Settings settings;
    const std::string problem = settings.read(settings_file());
    if (!problem.empty()) return problem;
    paynow::Config config;
    settings.lend(config);
    config.user_agent = "source-vsp";
    config.on_log = [](paynow::LogLevel, std::string_view line) { print("%s", printable(line).c_str()); };
    auto made = paynow::Client::create(std::move(config));
    if (!made) return made.error();
    client_ = std::move(made).value();
    return {};
  }

  void frame() {
    // Half a millisecond of a frame at most; what is left comes in the next one.
    (void)client_.poll(0, std::chrono::microseconds(500));
  }

  void connected(const edict_t* who, std::string_view name) {
    left(who);
    players_[who] = Player{++serial_, printable(name), {}};
  }

  void left(const edict_t* who) {
    const auto player = players_.find(who);
    if (player == players_.end()) return;
    (void)client_.cancel_all(player->second.serial);
    players_.erase(player);
  }

  /// The engine says "name" here and not who: the one of that name who has no id yet.
  void validated(std::string_view name, std::string_view network_id) {
    const auto steam_id = steam_id64(network_id);
    if (!steam_id) return;
    const std::string shown = printable(name);
    for (auto& [who, player] : players_) {
      if (player.steam_id.empty() && player.name == shown) return ask(who, player, *steam_id);
    }
  }

  void status() const {
    const auto stats = client_.stats();
    if (!stats) return print("%s", stats.error().c_str());
    print("%s: %llu asked, %llu answered, %llu failed, %u outstanding, the store is %s", paynow::version().data(),
          static_cast<unsigned long long>(stats->submitted), static_cast<unsigned long long>(stats->completed_ok),
          static_cast<unsigned long long>(stats->completed_error + stats->timed_out), stats->outstanding,
          stats->circuit_open != 0 ? "unreachable" : "reachable");
    for (const auto& [who, player] : players_) {
      print("%s %s: %s", player.name.c_str(), player.steam_id.empty() ? "-" : player.steam_id.c_str(),
            player.found.c_str());
    }
  }

 private:
  void ask(const edict_t* who, Player& player, const std::string& steam_id) {
    player.steam_id = steam_id;
    player.found = "asked";
    paynow::Player known;
    known.steam_id = steam_id;
    paynow::CallOptions options;
    options.tag = player.serial;
    const auto sent = client_.lookup_player(
        known, [this, who, serial = player.serial](const paynow::Completion& done) { answered(who, serial, done); },
        options);
    if (!sent) player.found = sent.error();
  }

  void answered(const edict_t* who, std::uint64_t serial, const paynow::Completion& done) {
    const auto player = players_.find(who);
    if (player == players_.end() || player->second.serial != serial) return;
    std::string& found = player->second.found;
    if (const auto customer = done.customer()) {
      found = "customer " + printable(customer->id());
    } else if (done.ok()) {
      found = "no customer";
    } else {
      found = printable(done.info().message);
    }
    print("%s: %s", player->second.name.c_str(), found.c_str());
  }

  std::map<const edict_t*, Player> players_;
  std::uint64_t serial_ = 0;
  // Last, so that it goes first: its destructor delivers what is outstanding, to functions that use the rest.
  paynow::Client client_;
};

void show_status();

/// What the engine's calls do, whichever of the interfaces they come through.
class Plugin {
 public:
  bool load(CreateInterfaceFn engine) {
    if (session_) return false;
    auto session = std::make_unique<Session>();
    const std::string problem = session->start();
    if (!problem.empty()) {
      print("not loaded: %s", printable(problem).c_str());
      return false;
    }
    session_ = std::move(session);
    registry_ = static_cast<console::Registry*>(engine(console::version, nullptr));
    if (registry_ != nullptr) {
      console::Command::owner_of_commands = registry_->AllocateDLLIdentifier();
      command_ = std::make_unique<console::Command>("paynow_status", "Shows the players and their PayNow customers",
                                                    show_status);
      registry_->RegisterConCommand(command_.get());
    } else {
      print("this game's console has no %s: there is no paynow_status", console::version);
    }
    return true;
  }

  void unload() {
    if (command_) registry_->UnregisterConCommand(command_.get());
    command_.reset();
    registry_ = nullptr;
    // Ends the library's threads. No code of this plugin runs after this.
    session_.reset();
  }

  /// From load to unload; null otherwise, because engines call on after unloading.
  Session* session() const { return session_.get(); }

 private:
  std::unique_ptr<Session> session_;
  console::Registry* registry_ = nullptr;
  std::unique_ptr<console::Command> command_;
};

/// Never destroyed: when a process ends without Unload, the engine is no longer there to be talked to.
Plugin& plugin() {
  static Plugin& only = *new Plugin;
  return only;
}

void show_status() {
  if (const Session* session = plugin().session()) session->status();
}

/// The functions that all interfaces have.
template <class Interface>
class Callbacks : public Interface {
 public:
  bool Load(CreateInterfaceFn engine, CreateInterfaceFn) noexcept override { return plugin().load(engine); }
  void Unload() noexcept override { plugin().unload(); }
  const char* GetPluginDescription() noexcept override { return "PayNow look-ups"; }
  void GameFrame(bool) noexcept override {
    if (Session* session = plugin().session()) session->frame();
  }
  PLUGIN_RESULT ClientConnect(bool*, edict_t* player, const char* name, const char*, char*, int) noexcept override {
    Session* session = plugin().session();
    if (session != nullptr && name != nullptr) session->connected(player, name);
    return PLUGIN_CONTINUE;
  }
  PLUGIN_RESULT NetworkIDValidated(const char* name, const char* network_id) noexcept override {
    Session* session = plugin().session();
    if (session != nullptr && name != nullptr && network_id != nullptr) session->validated(name, network_id);
    return PLUGIN_CONTINUE;
  }
  void ClientDisconnect(edict_t* player) noexcept override {
    if (Session* session = plugin().session()) session->left(player);
  }

  void Pause() noexcept override {}
  void UnPause() noexcept override {}
  void LevelInit(const char*) noexcept override {}
  void ServerActivate(edict_t*, int, int) noexcept override {}
  void LevelShutdown() noexcept override {}
  void ClientActive(edict_t*) noexcept override {}
  void ClientPutInServer(edict_t*, const char*) noexcept override {}
  void SetCommandClient(int) noexcept override {}
  void ClientSettingsChanged(edict_t*) noexcept override {}
  PLUGIN_RESULT ClientCommand(edict_t*, const CCommand&) noexcept override { return PLUGIN_CONTINUE; }
  void OnQueryCvarValueFinished(QueryCvarCookie_t, edict_t*, EQueryCvarValueStatus, const char*,
                                const char*) noexcept override {}
  void OnEdictAllocated(edict_t*) noexcept override {}
  void OnEdictFreed(const edict_t*) noexcept override {}

 protected:
  ~Callbacks() = default;
};

/// Versions 001 and 002, which are the same in all games.
using Older = Callbacks<plugins::Source2013>;

class AlienSwarm : public Callbacks<plugins::AlienSwarm> {
 public:
  void ClientFullyConnect(edict_t*) noexcept override {}
  // No key is asked for and none is given: others decide.
  bool BNetworkCryptKeyCheckRequired(std::uint32_t, std::uint16_t, std::uint32_t, bool) noexcept override {
    return false;
  }
  bool BNetworkCryptKeyValidate(std::uint32_t, std::uint16_t, std::uint32_t, int, int, unsigned char*,
                                unsigned char*) noexcept override {
    return false;
  }

 protected:
  ~AlienSwarm() = default;
};

/// Version 003, of which there are two, and the engine does not say which one it wants. Load is at the same place in both,
/// and is given the game to look at: there the object becomes the one that fits. The engine finds every function through
/// the object's table, which is all there is in either, so the calls that follow are those of its kind.
template <class Interface>
class Version003 final : public Interface {
 public:
  bool Load(CreateInterfaceFn engine, CreateInterfaceFn game) noexcept override {
    // Nothing of this object may be touched once another stands in its place.
    void* const place = this;
    if (plugins::is_alien_swarm(game)) {
      new (place) Version003<AlienSwarm>;
    } else {
      new (place) Version003<Older>;
    }
    return plugin().load(engine);
  }
};
static_assert(sizeof(Version003<Older>) == sizeof(void*) && sizeof(Version003<AlienSwarm>) == sizeof(void*),
              "either must fit where the other was");

template <class Base>
class Final final : public Base {};

template <class Interface, class Object>
void* only() {
  // Never destroyed, like the plugin.
  static Object& object = *new Object;
  return static_cast<Interface*>(&object);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) void* CreateInterface(const char* name, int* return_code) {
  const std::string_view asked = name == nullptr ? "" : name;
  void* answer = nullptr;
  if (asked == "ISERVERPLUGINCALLBACKS004") {
    answer = only<plugins::AlienSwarm, Final<AlienSwarm>>();
  } else if (asked == "ISERVERPLUGINCALLBACKS003") {
    answer = only<plugins::Source2013, Version003<Older>>();
  } else if (asked == "ISERVERPLUGINCALLBACKS002" || asked == "ISERVERPLUGINCALLBACKS001") {
    answer = only<plugins::Source2013, Final<Older>>();
  }
  if (return_code != nullptr) *return_code = answer != nullptr ? 0 : 1;
  return answer;
}
