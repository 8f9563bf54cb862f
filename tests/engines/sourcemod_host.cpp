// SourceMod's core as an extension sees it: loads the extension, calls its natives as plugins do, ticks it, unloads
// plugins and then the extension with requests in flight. Twice.
//   sourcemod_host EXTENSION DIRECTORY

#include "host.hpp"
#include "sourcemod.hpp"

#include <algorithm>
#include <cstdarg>
#include <map>
#include <vector>

namespace {

using host::check;
using host::contains;

std::string round_name;
std::string directory;
std::string errors;

/// A plugin: memory that natives are given addresses of, functions by number, what was thrown at it.
class Plugin final : public SourceMod::IPlugin, public SourcePawn::IPluginContext {
 public:
  // What a real runtime is does not matter: it has an address.
  struct Function final : SourcePawn::IPluginFunction {
    Function(Plugin& owner) : plugin(owner) {}
    int PushCell(cell_t value) override {
      pushed.push_back(value);
      return SP_ERROR_NONE;
    }
    int Execute(cell_t* result) override {
      *result = 0;
      const std::vector<cell_t> cells = std::move(pushed);
      pushed.clear();
      plugin.called(cells);
      // As when the plugin ended in an error.
      return plugin.breaks ? 1 : SP_ERROR_NONE;
    }
    Plugin& plugin;
    std::vector<cell_t> pushed;
  };

  Plugin() : function(*this) {}
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;

  SourcePawn::IPluginContext* GetBaseContext() override { return this; }
  SourcePawn::IPluginRuntime* GetRuntime() override {
    return reinterpret_cast<SourcePawn::IPluginRuntime*>(&memory);
  }
  SourcePawn::IPluginFunction* GetFunctionById(funcid_t id) override { return id == 1 ? &function : nullptr; }
  int LocalToString(cell_t address, char** text) override {
    if (address < 0 || static_cast<std::size_t>(address) >= sizeof memory) return SP_ERROR_INVALID_ADDRESS;
    *text = memory + address;
    return SP_ERROR_NONE;
  }
  int StringToLocalUTF8(cell_t address, std::size_t bytes, const char* text, std::size_t* written) override {
    char* start = nullptr;
    if (const int wrong = LocalToString(address, &start)) return wrong;
    *written = std::min(std::strlen(text), bytes - 1);
    std::memcpy(start, text, *written);
    start[*written] = '\0';
    return SP_ERROR_NONE;
  }
  cell_t ThrowNativeError(const char* format, ...) override {
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    thrown = line;
    return 0;
  }

  /// Calls a native; what it threw is in `thrown`.
  cell_t call(const char* native, std::vector<cell_t> parameters);
  /// Puts a text where natives can read it.
  cell_t text(const std::string& value) {
    const std::size_t start = top;
    std::memcpy(memory + start, value.c_str(), value.size() + 1);
    top += value.size() + 1;
    if (top > sizeof memory / 2) top = 0;
    return static_cast<cell_t>(start);
  }
  /// Reads one text of the answer, inside a callback.
  std::string read(cell_t which, cell_t size = 256) {
    const cell_t buffer = sizeof memory - 512;
    memory[buffer] = '\0';
    return call("PayNow_GetText", {which, buffer, size}) != 0 ? memory + buffer : "";
  }
  std::string metadata(const std::string& key) {
    const cell_t buffer = sizeof memory - 512;
    return call("PayNow_GetMetadata", {text(key), buffer, 256}) != 0 ? memory + buffer : "";
  }

  struct Answer {
    cell_t status;
    bool found;
    std::string id, name, steam_id, token, balance, error, rank, cut, json;
    cell_t json_length, http_status, retry_after;
  };
  std::map<cell_t, Answer> answers;
  std::string thrown;
  bool breaks = false;
  /// A plugin that tries to read this one's answer.
  Plugin* snoop = nullptr;

 private:
  void called(const std::vector<cell_t>& cells) {
    if (cells.size() != 3) return check(false, round_name + "/callbacks-have-three-parameters", std::to_string(cells.size()));
    if (answers.count(cells[2]) != 0) check(false, round_name + "/once", "answer " + std::to_string(cells[2]) + " came twice");
    Answer& answer = answers[cells[2]];
    answer.status = cells[0];
    answer.found = cells[1] != 0;
    answer.id = read(0);
    answer.name = read(1);
    answer.steam_id = read(2);
    answer.token = read(3);
    answer.balance = read(5);
    answer.error = read(7);
    answer.rank = metadata("rank");
    answer.cut = read(0, 5);
    answer.json = read(10);
    answer.json_length = call("PayNow_GetTextLength", {10});
    answer.http_status = call("PayNow_GetHttpStatus", {});
    answer.retry_after = call("PayNow_GetRetryAfter", {});
    if (snoop != nullptr) (void)snoop->read(3);
  }

  Function function;
  char memory[8192] = "";
  std::size_t top = 0;
};

class Core final : public SourceMod::ISourceMod, public SourceMod::IPluginManager, public SourceMod::IShareSys {
 public:
  unsigned int GetInterfaceVersion() override { return 7; }
  const char* GetInterfaceName() override { return "core"; }
  std::size_t BuildPath(SourceMod::PathType, char* buffer, std::size_t size, const char* format, ...) override {
    char relative[256];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(relative, sizeof relative, format, arguments);
    va_end(arguments);
    return static_cast<std::size_t>(std::snprintf(buffer, size, "%s/%s", directory.c_str(), relative));
  }
  void LogMessage(SourceMod::IExtension*, const char*, ...) override {}
  void LogError(SourceMod::IExtension*, const char* format, ...) override {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    errors += line;
    errors += '\n';
  }
  void AddGameFrameHook(SourceMod::GAME_FRAME_HOOK hook) override { hooks.push_back(hook); }
  void RemoveGameFrameHook(SourceMod::GAME_FRAME_HOOK hook) override {
    hooks.erase(std::remove(hooks.begin(), hooks.end(), hook), hooks.end());
  }
  void AddPluginsListener(SourceMod::IPluginsListener* listener) override { listeners.push_back(listener); }
  void RemovePluginsListener(SourceMod::IPluginsListener* listener) override {
    listeners.erase(std::remove(listeners.begin(), listeners.end(), listener), listeners.end());
  }
  bool RequestInterface(const char* name, unsigned int version, SourceMod::IExtension*,
                        SourceMod::SMInterface** interface) override {
    if (missing == name) return false;
    if (std::strcmp(name, SMINTERFACE_SOURCEMOD_NAME) == 0 && version <= SMINTERFACE_SOURCEMOD_VERSION) {
      *interface = static_cast<SourceMod::ISourceMod*>(this);
    } else if (std::strcmp(name, SMINTERFACE_PLUGINSYSTEM_NAME) == 0 && version <= SMINTERFACE_PLUGINSYSTEM_VERSION) {
      *interface = static_cast<SourceMod::IPluginManager*>(this);
    } else {
      return false;
    }
    return true;
  }
  void AddNatives(SourceMod::IExtension*, const sp_nativeinfo_t* given) override { natives = given; }
  void RegisterLibrary(SourceMod::IExtension*, const char*) override {}

  void frame() {
    for (const auto hook : hooks) hook(true);
  }
  void unload(Plugin& plugin) {
    host::enter([&] {
      for (auto* listener : listeners) listener->OnPluginUnloaded(&plugin);
    });
  }

  std::string missing;
  std::vector<SourceMod::GAME_FRAME_HOOK> hooks;
  std::vector<SourceMod::IPluginsListener*> listeners;
  const sp_nativeinfo_t* natives = nullptr;
};

Core core;

cell_t Plugin::call(const char* native, std::vector<cell_t> parameters) {
  thrown.clear();
  parameters.insert(parameters.begin(), static_cast<cell_t>(parameters.size()));
  for (const sp_nativeinfo_t* each = core.natives; each->name != nullptr; ++each) {
    if (std::strcmp(each->name, native) != 0) continue;
    cell_t result = 0;
    host::enter([&] { result = each->func(this, parameters.data()); });
    return result;
  }
  check(false, round_name + "/native", native);
  return 0;
}

constexpr cell_t by_id = 0, by_steam_id = 1, by_name = 2;
constexpr cell_t callback = 1;

bool lookup(Plugin& plugin, cell_t key, const std::string& value, cell_t data) {
  return plugin.call("PayNow_LookupCustomer", {key, plugin.text(value), callback, data}) != 0;
}

void frame() { core.frame(); }

/// Ticks until the plugin has so many answers. What follows would only wait as long again.
void reach(const Plugin& plugin, std::size_t answers, const std::string& name, int least = 1) {
  const bool reached = host::tick_until(frame, [&] { return plugin.answers.size() >= answers; }, least);
  check(reached, round_name + "/" + name, std::to_string(plugin.answers.size()) + " answers");
  if (!reached) std::exit(1);
}

void once(const std::string& path) {
  void* library = host::open_plugin(path);
  auto* extension = host::symbol<SourceMod::IExtensionInterface* (*)()>(library, "GetSMExtAPI")();
  char error[256] = "";
  core.missing = SMINTERFACE_PLUGINSYSTEM_NAME;
  check(!extension->OnExtensionLoad(nullptr, &core, error, sizeof error, false) && contains(error, core.missing),
        round_name + "/without-an-interface-it-says-so", error);
  core.missing.clear();
  check(extension->OnExtensionLoad(nullptr, &core, error, sizeof error, false), round_name + "/load", error);
  extension->OnExtensionsAllLoaded();
  check(core.hooks.size() == 1 && core.listeners.size() == 1, round_name + "/hooks");
  check(extension->QueryRunning(error, sizeof error), round_name + "/runs");

  Plugin plugin;
  check(lookup(plugin, by_steam_id, "STEAM_0:0:26039975", 1), round_name + "/lookup-by-steam-id", plugin.thrown + errors);
  check(lookup(plugin, by_id, "440116992540673366", 2), round_name + "/lookup-by-id");
  check(lookup(plugin, by_name, "no such player", 3), round_name + "/lookup-by-name");
  check(plugin.call("PayNow_EnsureCustomer", {plugin.text("[U:1:39734371]"), plugin.text(""), callback, 4}) != 0,
        round_name + "/ensure");
  check(plugin.call("PayNow_TokenFor", {plugin.text("76561198012345678"), plugin.text("x"), callback, 5}) != 0,
        round_name + "/token-for");
  check(plugin.call("PayNow_CreateToken", {plugin.text("421621336637440000"), callback, 6}) != 0, round_name + "/create-token");
  check(plugin.call("PayNow_LookupGiftCard", {plugin.text("no-such-token"), plugin.text("GIFT-2500-ALEX"), callback, 7}) != 0,
        round_name + "/gift-card");
  reach(plugin, 7, "all-are-answered", 1000);
  auto& answers = plugin.answers;
  check(answers[1].status == 0 && answers[1].found && answers[1].id == "424710168903683004" &&
            answers[1].steam_id == "76561198012345678",
        round_name + "/steam-id-is-found", answers[1].id);
  check(answers[1].cut == "4247", round_name + "/texts-are-cut", answers[1].cut);
  check(answers[2].name == "Mira" && !answers[2].rank.empty(), round_name + "/names-and-metadata", answers[2].name);
  check(answers[3].status == 0 && !answers[3].found && answers[3].id.empty(), round_name + "/a-stranger-is-not-found");
  check(answers[4].found && answers[4].steam_id == "76561198000000099", round_name + "/unknown-is-created", answers[4].error);
  check(answers[5].found && answers[5].token.size() > 20, round_name + "/token-for-a-player", answers[5].error);
  check(answers[6].token.size() > 20 && answers[6].id.empty(), round_name + "/token-for-a-customer", answers[6].error);
  check(answers[7].status == 40 && !answers[7].found && !answers[7].error.empty(), round_name + "/errors-say-why",
        std::to_string(answers[7].status));
  check(plugin.call("PayNow_LookupGiftCard",
                    {plugin.text(answers[6].token), plugin.text("GIFT-1275-MIRA"), callback, 8}) != 0,
        round_name + "/gift-card-with-a-token");
  reach(plugin, 8, "gift-card-is-answered");
  check(answers[8].balance == "1275", round_name + "/gift-cards-have-balances", answers[8].balance);

  // What there is no native of its own for, and revoking.
  check(plugin.call("PayNow_Request", {plugin.text("GET"), plugin.text("/v1/stores/{store_id}/customers/421621336637440000"),
                                       plugin.text(""), callback, 9}) != 0,
        round_name + "/any-request", errors);
  check(plugin.call("PayNow_Request", {plugin.text("POST"), plugin.text("/v1/stores/{store_id}/customers"),
                                       plugin.text("{\"name\":\"Raw\"}"), callback, 10}) != 0,
        round_name + "/any-request-with-a-body", errors);
  check(plugin.call("PayNow_InvalidateTokens", {plugin.text("421621336637440000"), callback, 11}) != 0, round_name + "/revoke");
  reach(plugin, 11, "raw-requests-are-answered");
  check(contains(answers[9].json, "421621336637440000") && answers[9].json_length > 255 && answers[9].http_status == 200 &&
            answers[9].retry_after == -1,
        round_name + "/raw-answers-are-text", answers[9].json);
  check(contains(answers[10].json, "\"Raw\""), round_name + "/a-body-is-sent", answers[10].json);
  check(answers[11].status == 0 && !answers[11].found && answers[11].json_length == -1, round_name + "/revoked",
        answers[11].error);

  // Cancelling: by what was given to the request, and all; never another plugin's.
  host::sandbox("POST", "reset");
  host::hang();
  Plugin neighbour;
  check(lookup(neighbour, by_name, "Nora", 13), round_name + "/a-neighbour-asks");
  for (const cell_t data : {13, 14, 15}) (void)lookup(plugin, by_name, "slow " + std::to_string(data), data + 1000);
  check(plugin.call("PayNow_Cancel", {1014}) == 1, round_name + "/cancels-by-data");
  reach(plugin, 12, "the-cancelled-is-called");
  check(answers[1014].status == 21, round_name + "/and-knows-why", std::to_string(answers[1014].status));
  check(plugin.call("PayNow_Cancel", {1014}) == 0 && plugin.call("PayNow_Cancel", {5}) == 0,
        round_name + "/what-has-ended-is-not-cancelled");
  check(plugin.call("PayNow_CancelAll", {}) == 2, round_name + "/cancels-all");
  Plugin stranger;
  check(stranger.call("PayNow_CancelAll", {}) == 0 && stranger.call("PayNow_Cancel", {13}) == 0,
        round_name + "/never-those-of-another");
  check(neighbour.answers.empty() && neighbour.call("PayNow_Cancel", {13}) == 1, round_name + "/the-neighbour-goes-on");
  reach(neighbour, 1, "the-neighbour-is-called");
  host::heal();

  // What plugins get wrong.
  check(!lookup(plugin, by_steam_id, "BOT", 20) && !plugin.thrown.empty(), round_name + "/bots-are-refused");
  check(!lookup(plugin, 9, "x", 20) && contains(plugin.thrown, "9"), round_name + "/wrong-keys-are-refused", plugin.thrown);
  check(plugin.call("PayNow_LookupCustomer", {by_name, -5, callback, 20}) == 0 && contains(plugin.thrown, "string"),
        round_name + "/wrong-addresses-are-refused", plugin.thrown);
  check(plugin.call("PayNow_LookupCustomer", {by_name, 0, 77, 20}) == 0 && contains(plugin.thrown, "function"),
        round_name + "/wrong-functions-are-refused", plugin.thrown);
  check(plugin.call("PayNow_LookupCustomer", {by_name}) == 0 && !plugin.thrown.empty(), round_name + "/missing-parameters-are-refused");
  errors.clear();
  check(!lookup(plugin, by_id, "not an id", 20) && !errors.empty(), round_name + "/refusals-are-logged");
  check(plugin.read(0).empty() && contains(plugin.thrown, "callback"), round_name + "/no-answer-outside-callbacks", plugin.thrown);
  for (const char* reader : {"PayNow_GetTextLength", "PayNow_GetHttpStatus", "PayNow_GetRetryAfter"}) {
    (void)plugin.call(reader, {0});
    check(contains(plugin.thrown, "callback"), round_name + "/" + reader + "-outside-callbacks", plugin.thrown);
  }

  // A callback that ends in an error, and a plugin that reads what is another's.
  Plugin broken, snoop;
  broken.breaks = true;
  broken.snoop = &snoop;
  check(broken.call("PayNow_CreateToken", {broken.text("421621336637440000"), callback, 1}) != 0 &&
            lookup(broken, by_name, "Alex", 2),
        round_name + "/a-broken-plugin-asks");
  reach(broken, 2, "an-error-in-a-callback-is-survived");
  check(contains(snoop.thrown, "callback"), round_name + "/answers-are-their-plugins-own", snoop.thrown);

  // One plugin goes when its request has been sent and not been delivered, another stays.
  const std::size_t asked = answers.size();
  host::sandbox("POST", "reset");
  Plugin leaving;
  check(lookup(leaving, by_id, "421621496020995823", 1), round_name + "/a-leaving-plugin-asks");
  check(host::tick_until([] {}, [] { return host::requests_wait(1); }), round_name + "/its-request-is-sent");
  check(lookup(plugin, by_id, "422871201480707277", 30), round_name + "/a-staying-plugin-asks");
  core.unload(leaving);
  // Another is loaded to the same address.
  check(lookup(leaving, by_id, "450307964272640274", 2), round_name + "/its-successor-asks");
  reach(plugin, asked + 1, "the-staying-plugin-is-called");
  reach(leaving, 1, "the-successor-is-called");
  check(leaving.answers.count(1) == 0 && leaving.answers.count(2) == 1, round_name + "/the-unloaded-plugin-is-not-called");

  host::sandbox("POST", "reset");
  host::hang();
  const std::size_t before = answers.size();
  for (cell_t number = 100; number < 150; ++number) {
    (void)lookup(plugin, by_name, "stranger " + std::to_string(number), number);
  }
  check(host::tick_until(frame, [] { return host::requests_wait(40); }), round_name + "/requests-are-in-flight");
  host::enter([&] { extension->OnExtensionUnload(); });
  check(answers.size() == before, round_name + "/no-plugin-is-called-at-unload");
  check(core.hooks.empty() && core.listeners.empty(), round_name + "/the-hooks-are-gone");
  check(host::only_this_thread_is_left(), round_name + "/no-thread-is-left", std::to_string(host::threads()));
  check(!lookup(plugin, by_name, "x", 999) && contains(plugin.thrown, "not running"), round_name + "/natives-say-it-is-gone");
  host::enter([&] { extension->OnExtensionUnload(); });
  dlclose(library);
  host::heal();
  host::sandbox("POST", "reset");
}

/// How a request ends that PayNow puts off.
void too_many(const std::string& path) {
  round_name = "sourcemod/too-many";
  void* library = host::open_plugin(path);
  auto* extension = host::symbol<SourceMod::IExtensionInterface* (*)()>(library, "GetSMExtAPI")();
  char error[256] = "";
  check(extension->OnExtensionLoad(nullptr, &core, error, sizeof error, false), round_name + "/load", error);
  host::sandbox("PUT", "faults", R"({"rules":[{"respond":{"status":429,"headers":{"retry-after":"120"},"body":"{}"}}]})");
  Plugin plugin;
  check(lookup(plugin, by_name, "Nora", 1), round_name + "/asks", errors);
  reach(plugin, 1, "is-answered");
  const Plugin::Answer& answer = plugin.answers[1];
  check(answer.status == 44 && answer.http_status == 429 && answer.retry_after == 120000, round_name + "/when-to-come-back",
        std::to_string(answer.status) + " " + std::to_string(answer.retry_after));
  host::heal();
  host::enter([&] { extension->OnExtensionUnload(); });
  dlclose(library);
}

/// The file in place of the environment, and what is wrong with it.
void settings(const std::string& path) {
  round_name = "sourcemod/settings";
  const std::string file = directory + "/configs/paynow.cfg";
  const std::string store = host::environment("PAYNOW_STORE_ID");
  const auto load_with = [&](const std::string& text) {
    std::FILE* out = std::fopen(file.c_str(), "w");
    std::fputs(text.c_str(), out);
    std::fclose(out);
    void* library = host::open_plugin(path);
    auto* extension = host::symbol<SourceMod::IExtensionInterface* (*)()>(library, "GetSMExtAPI")();
    char error[256] = "";
    const bool loaded = extension->OnExtensionLoad(nullptr, &core, error, sizeof error, false);
    extension->OnExtensionUnload();
    dlclose(library);
    return loaded ? std::string("loaded") : std::string(error);
  };
  unsetenv("PAYNOW_STORE_ID");
  std::string seen = load_with("# a comment\n\n  store_id =" + store + " \r\n");
  check(seen == "loaded", round_name + "/a-file-will-do", seen);
  seen = load_with("");
  check(contains(seen, "PAYNOW_STORE_ID"), round_name + "/no-store", seen);
  seen = load_with("store_id = abc\n");
  check(seen != "loaded" && !seen.empty(), round_name + "/no-number", seen);
  seen = load_with("store_id = " + store + "\napi_key = pnapi_hush_hush\n");
  check(contains(seen, ":2:") && !contains(seen, "hush"), round_name + "/a-key-is-refused-and-not-repeated", seen);
  seen = load_with("store_id\n");
  check(contains(seen, ":1:"), round_name + "/no-value", seen);
  std::remove(file.c_str());
  setenv("PAYNOW_STORE_ID", store.c_str(), 1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  directory = argv[2];
  for (const char* round : {"sourcemod/first", "sourcemod/second"}) {
    round_name = round;
    once(argv[1]);
  }
  too_many(argv[1]);
  settings(argv[1]);
  check(host::only_this_thread_is_left(), "sourcemod/no-thread-is-left");
  return host::finish();
}
