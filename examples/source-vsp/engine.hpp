// What the plugin needs to know of the Source engine, declared here: no SDK is needed to build it.
//
// A virtual table is its functions in their order, and those have been the same for twenty years, except for one that came
// in between. README.md says which games have which.

#pragma once

#include <cstddef>
#include <cstdint>

struct edict_t;
class CCommand;
using CreateInterfaceFn = void* (*)(const char* name, int* return_code);
using QueryCvarCookie_t = int;
enum EQueryCvarValueStatus : int;

enum PLUGIN_RESULT : int { PLUGIN_CONTINUE = 0, PLUGIN_OVERRIDE = 1, PLUGIN_STOP = 2 };

namespace plugins {

/// ISERVERPLUGINCALLBACKS003 in games made from Source 2013 and its forerunners. Version 001 ends after
/// NetworkIDValidated, 002 after OnQueryCvarValueFinished: an engine that knows one of those calls no function behind
/// its end, so this answers for all three. Episode One's engine hands ClientCommand no arguments; do not read them.
class Source2013 {
 public:
  virtual bool Load(CreateInterfaceFn engine, CreateInterfaceFn game) = 0;
  virtual void Unload() = 0;
  virtual void Pause() = 0;
  virtual void UnPause() = 0;
  virtual const char* GetPluginDescription() = 0;
  virtual void LevelInit(const char* map) = 0;
  virtual void ServerActivate(edict_t* edicts, int count, int most_clients) = 0;
  virtual void GameFrame(bool simulating) = 0;
  virtual void LevelShutdown() = 0;
  virtual void ClientActive(edict_t* player) = 0;
  virtual void ClientDisconnect(edict_t* player) = 0;
  virtual void ClientPutInServer(edict_t* player, const char* name) = 0;
  virtual void SetCommandClient(int index) = 0;
  virtual void ClientSettingsChanged(edict_t* player) = 0;
  virtual PLUGIN_RESULT ClientConnect(bool* allow, edict_t* player, const char* name, const char* address,
                                      char* reject, int reject_size) = 0;
  virtual PLUGIN_RESULT ClientCommand(edict_t* player, const CCommand& arguments) = 0;
  virtual PLUGIN_RESULT NetworkIDValidated(const char* name, const char* network_id) = 0;
  virtual void OnQueryCvarValueFinished(QueryCvarCookie_t cookie, edict_t* player, EQueryCvarValueStatus status,
                                        const char* name, const char* value) = 0;
  virtual void OnEdictAllocated(edict_t* edict) = 0;
  virtual void OnEdictFreed(const edict_t* edict) = 0;

 protected:
  ~Source2013() = default;
};

/// The same in games made from Alien Swarm: ClientFullyConnect stands in between. Their 003 ends after OnEdictFreed, the
/// 004 of Counter-Strike: Global Offensive after BNetworkCryptKeyValidate.
class AlienSwarm {
 public:
  virtual bool Load(CreateInterfaceFn engine, CreateInterfaceFn game) = 0;
  virtual void Unload() = 0;
  virtual void Pause() = 0;
  virtual void UnPause() = 0;
  virtual const char* GetPluginDescription() = 0;
  virtual void LevelInit(const char* map) = 0;
  virtual void ServerActivate(edict_t* edicts, int count, int most_clients) = 0;
  virtual void GameFrame(bool simulating) = 0;
  virtual void LevelShutdown() = 0;
  virtual void ClientActive(edict_t* player) = 0;
  virtual void ClientFullyConnect(edict_t* player) = 0;
  virtual void ClientDisconnect(edict_t* player) = 0;
  virtual void ClientPutInServer(edict_t* player, const char* name) = 0;
  virtual void SetCommandClient(int index) = 0;
  virtual void ClientSettingsChanged(edict_t* player) = 0;
  virtual PLUGIN_RESULT ClientConnect(bool* allow, edict_t* player, const char* name, const char* address,
                                      char* reject, int reject_size) = 0;
  virtual PLUGIN_RESULT ClientCommand(edict_t* player, const CCommand& arguments) = 0;
  virtual PLUGIN_RESULT NetworkIDValidated(const char* name, const char* network_id) = 0;
  virtual void OnQueryCvarValueFinished(QueryCvarCookie_t cookie, edict_t* player, EQueryCvarValueStatus status,
                                        const char* name, const char* value) = 0;
  virtual void OnEdictAllocated(edict_t* edict) = 0;
  virtual void OnEdictFreed(const edict_t* edict) = 0;
  virtual bool BNetworkCryptKeyCheckRequired(std::uint32_t address, std::uint16_t port, std::uint32_t account,
                                             bool client_wants_it) = 0;
  virtual bool BNetworkCryptKeyValidate(std::uint32_t address, std::uint16_t port, std::uint32_t account, int key_index,
                                        int size, unsigned char* encrypted, unsigned char* key) = 0;

 protected:
  ~AlienSwarm() = default;
};

/// Whether the game calls version 003 as Alien Swarm does. The name of the interface does not tell. The game's own
/// interfaces do: the function came into them together with this pair of versions, which no other game has.
inline bool is_alien_swarm(CreateInterfaceFn game) {
  return game != nullptr && game("ServerGameDLL005", nullptr) != nullptr &&
         game("ServerGameClients004", nullptr) != nullptr;
}

}  // namespace plugins

/// The console as games of the Source 2013 family have it (Team Fortress 2, Counter-Strike: Source, Garry's Mod, …).
/// Others answer to other names, and there the plugin does without its command.
namespace console {

constexpr const char* version = "VEngineCvar004";

/// A command: the members the engine reads and writes, and the virtual functions it calls, in the engine's order.
class Command {
 public:
  using Run = void (*)();

  Command(const char* name, const char* help, Run run) : name_(name), help_(help), run_(run) {}
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  virtual ~Command() = default;
  virtual bool IsCommand() const { return true; }
  virtual bool IsFlagSet(int flag) const { return (flags_ & flag) != 0; }
  virtual void AddFlags(int flags) { flags_ |= flags; }
  virtual const char* GetName() const { return name_; }
  virtual const char* GetHelpText() const { return help_; }
  virtual bool IsRegistered() const { return registered_; }
  virtual int GetDLLIdentifier() const { return owner_of_commands; }
  virtual void Create(const char*, const char*, int) {}
  virtual void Init() {}
  virtual int AutoCompleteSuggest(const char*, void*) { return 0; }
  virtual bool CanAutoComplete() { return false; }
  virtual void Dispatch(const CCommand&) { run_(); }

  /// What the console has given this plugin to register commands with.
  static inline int owner_of_commands = -1;

 protected:
  // The engine's own code uses these by their place.
  Command* next_ = nullptr;
  bool registered_ = false;
  const char* name_;
  const char* help_;
  int flags_ = 0;
  Run run_;
  void* completion_ = nullptr;
  // Three bits that say what the two pointers are. None: a plain function, and nothing to complete with.
  unsigned char kinds_ = 0;
};

static_assert(sizeof(Command) == 9 * sizeof(void*), "the engine expects its members elsewhere");

/// The engine's list of commands. What follows these functions in the real one is not used.
class Registry {
 public:
  virtual bool Connect(CreateInterfaceFn factory) = 0;
  virtual void Disconnect() = 0;
  virtual void* QueryInterface(const char* name) = 0;
  virtual int Init() = 0;
  virtual void Shutdown() = 0;
  virtual int AllocateDLLIdentifier() = 0;
  virtual void RegisterConCommand(Command* command) = 0;
  virtual void UnregisterConCommand(Command* command) = 0;

 protected:
  ~Registry() = default;
};

}  // namespace console
