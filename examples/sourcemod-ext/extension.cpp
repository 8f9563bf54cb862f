// A SourceMod extension: look-ups as natives, answers as callbacks of the plugin on a game frame.
//
// SourceMod calls everything here on the main thread, and so does the bridge: functions given to it run inside poll(),
// that is, inside the game frame hook. Every function SourceMod calls is noexcept: an exception must not reach a host
// that was built with another compiler, or with none to catch it.

#include <paynow_bridge.hpp>

#include "../source-vsp/settings.hpp"
#include "../source-vsp/steam_id.hpp"

#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// Both declare the same names.
#ifdef PAYNOW_SOURCEMOD_HEADERS
#include <IExtensionSys.h>
#include <IPluginSys.h>
#include <ISourceMod.h>
#else
#include "sourcemod.hpp"
#endif

namespace {

using SourceMod::IExtension;
using SourceMod::IPlugin;
using SourceMod::IShareSys;
using SourceMod::SMInterface;
using SourcePawn::IPluginContext;
using SourcePawn::IPluginFunction;
using SourcePawn::IPluginRuntime;

IExtension* myself = nullptr;
SourceMod::ISourceMod* sourcemod = nullptr;
SourceMod::IPluginManager* plugins = nullptr;

/// From load to unload.
struct Session {
  /// The answer whose callback runs, and the plugin it runs in: no other thread reads it.
  const paynow::Completion* answer = nullptr;
  IPluginRuntime* reader = nullptr;
  /// The plugins that have asked and are loaded, each with a number that none had before it: an address can come back.
  std::map<const IPluginRuntime*, std::uint64_t> loaded;
  std::uint64_t last_number = 0;
  /// What was accepted and has not called back, by a number the extension gives: a cell is too small for a RequestId.
  struct Request {
    std::uint64_t plugin;
    cell_t data;
    paynow::RequestId id;
  };
  std::map<std::uint64_t, Request> outstanding;
  std::uint64_t last_request = 0;
  // Last, so that it goes first: its destructor delivers what is outstanding, to functions that use the rest.
  paynow::Client client;
};

/// Not an object that is destroyed at exit: SourceMod is no longer there then.
Session* session = nullptr;

void log_line(std::string_view line) {
  sourcemod->LogMessage(myself, "%.*s", static_cast<int>(line.size()), line.data());
}

void on_frame(bool) noexcept {
  // Half a millisecond of a frame at most; what is left comes in the next one.
  if (session != nullptr) (void)session->client.poll(0, std::chrono::microseconds(500));
}

/// Empty when it worked.
std::string start() {
  char path[512];
  sourcemod->BuildPath(SourceMod::Path_SM, path, sizeof path, "configs/paynow.cfg");
  Settings settings;
  std::string problem = settings.read(path);
  if (!problem.empty()) return problem;
  paynow::Config config;
  settings.lend(config);
  config.user_agent = "sourcemod-ext";
  config.on_log = [](paynow::LogLevel, std::string_view line) { log_line(line); };
  auto made = paynow::Client::create(std::move(config));
  if (!made) return made.error();
  session = new Session;
  session->client = std::move(made).value();
  return {};
}

// --- natives ---

/// What a plugin's callback is reached by. The pointers are good until the plugin is unloaded.
struct Callback {
  IPluginFunction* function;
  IPluginRuntime* plugin;
  std::uint64_t number;
  cell_t data;
  std::uint64_t request;

  void operator()(const paynow::Completion& done) const {
    // The extension is being unloaded: plugins that use it may be half gone, so none is called.
    if (session == nullptr) return;
    session->outstanding.erase(request);
    const auto loaded = session->loaded.find(plugin);
    if (loaded == session->loaded.end() || loaded->second != number) return;
    const paynow::Status status = done.status();
    session->answer = &done;
    session->reader = plugin;
    function->PushCell(static_cast<cell_t>(status));
    function->PushCell(done.found() ? 1 : 0);
    function->PushCell(data);
    // An error in the plugin ends there: SourceMod logs it and returns.
    cell_t ignored = 0;
    function->Execute(&ignored);
    if (session == nullptr) return;
    session->answer = nullptr;
    session->reader = nullptr;
  }
};

/// The parameters of a native: the first is their number, the others count from 1.
class Parameters {
 public:
  Parameters(IPluginContext* context, const cell_t* cells) : context_(context), cells_(cells) {}

  cell_t cell(cell_t index) const { return index <= cells_[0] ? cells_[index] : 0; }
  /// Nothing when the plugin's address is none, and the plugin hears of it.
  std::optional<std::string_view> text(cell_t index) const {
    char* start = nullptr;
    if (index <= cells_[0] && context_->LocalToString(cells_[index], &start) == SP_ERROR_NONE && start != nullptr) {
      return std::string_view(start);
    }
    context_->ThrowNativeError("parameter %d is not a string", static_cast<int>(index));
    return std::nullopt;
  }
  std::optional<Callback> callback(cell_t index) const {
    IPluginFunction* function =
        index <= cells_[0] ? context_->GetFunctionById(static_cast<funcid_t>(cells_[index])) : nullptr;
    if (function != nullptr) {
      IPluginRuntime* plugin = context_->GetRuntime();
      std::uint64_t& number = session->loaded[plugin];
      if (number == 0) number = ++session->last_number;
      return Callback{function, plugin, number, cell(index + 1), ++session->last_request};
    }
    context_->ThrowNativeError("parameter %d is not a function", static_cast<int>(index));
    return std::nullopt;
  }

 private:
  IPluginContext* context_;
  const cell_t* cells_;
};

/// Submits with `send(callback, options)`, and answers whether that was accepted.
template <class Send>
cell_t ask(const Callback& callback, Send&& send) {
  paynow::CallOptions options;
  options.tag = callback.number;
  const paynow::Result<paynow::RequestId> sent = send(callback, options);
  if (sent) {
    session->outstanding[callback.request] = {callback.number, callback.data, *sent};
    return 1;
  }
  sourcemod->LogError(myself, "%s", sent.error().c_str());
  return 0;
}

/// The extension is loaded, or the plugin hears that it is not.
bool ready(IPluginContext* context) {
  if (session == nullptr) context->ThrowNativeError("the PayNow extension is not running");
  return session != nullptr;
}

enum Key : cell_t { key_id = 0, key_steam_id = 1, key_name = 2 };

cell_t lookup_customer(IPluginContext* context, const cell_t* cells) noexcept {
  const Parameters parameters(context, cells);
  if (!ready(context)) return 0;
  const auto value = parameters.text(2);
  if (!value) return 0;
  const auto callback = parameters.callback(3);
  if (!callback) return 0;
  paynow::LookupQuery query;
  std::optional<std::string> steam_id;
  switch (parameters.cell(1)) {
    case key_id: query.id = value; break;
    case key_steam_id:
      steam_id = steam_id64(*value);
      if (!steam_id) return context->ThrowNativeError("that is not the Steam id of a player");
      query.steam_id = *steam_id;
      break;
    case key_name: query.name = value; break;
    default: return context->ThrowNativeError("there is no key %d", static_cast<int>(parameters.cell(1)));
  }
  return ask(*callback, [&](const Callback& done, const paynow::CallOptions& options) {
    return session->client.lookup_customer(query, done, options);
  });
}

using PlayerOperation = paynow::Result<paynow::RequestId> (paynow::Client::*)(const paynow::Player&,
                                                                             paynow::CompletionHandler,
                                                                             const paynow::CallOptions&) const;
cell_t with_player(IPluginContext* context, const cell_t* cells, PlayerOperation operation) noexcept {
  const Parameters parameters(context, cells);
  if (!ready(context)) return 0;
  const auto engine_id = parameters.text(1);
  if (!engine_id) return 0;
  const auto name = parameters.text(2);
  if (!name) return 0;
  const auto callback = parameters.callback(3);
  if (!callback) return 0;
  const auto steam_id = steam_id64(*engine_id);
  if (!steam_id) return context->ThrowNativeError("that is not the Steam id of a player");
  paynow::Player player;
  player.steam_id = *steam_id;
  if (!name->empty()) player.name = name;
  return ask(*callback, [&](const Callback& done, const paynow::CallOptions& options) {
    return (session->client.*operation)(player, done, options);
  });
}

cell_t ensure_customer(IPluginContext* context, const cell_t* cells) noexcept {
  return with_player(context, cells, &paynow::Client::ensure_customer);
}

cell_t token_for(IPluginContext* context, const cell_t* cells) noexcept {
  return with_player(context, cells, &paynow::Client::token_for);
}

using TextOperation = paynow::Result<paynow::RequestId> (paynow::Client::*)(std::string_view, paynow::CompletionHandler,
                                                                           const paynow::CallOptions&) const;
cell_t with_customer(IPluginContext* context, const cell_t* cells, TextOperation operation) noexcept {
  const Parameters parameters(context, cells);
  if (!ready(context)) return 0;
  const auto customer = parameters.text(1);
  if (!customer) return 0;
  const auto callback = parameters.callback(2);
  if (!callback) return 0;
  return ask(*callback, [&](const Callback& done, const paynow::CallOptions& options) {
    return (session->client.*operation)(*customer, done, options);
  });
}

cell_t create_token(IPluginContext* context, const cell_t* cells) noexcept {
  return with_customer(context, cells, &paynow::Client::create_customer_token);
}

cell_t invalidate_tokens(IPluginContext* context, const cell_t* cells) noexcept {
  return with_customer(context, cells, &paynow::Client::invalidate_customer_tokens);
}

cell_t lookup_gift_card(IPluginContext* context, const cell_t* cells) noexcept {
  const Parameters parameters(context, cells);
  if (!ready(context)) return 0;
  const auto token = parameters.text(1);
  if (!token) return 0;
  const auto code = parameters.text(2);
  if (!code) return 0;
  const auto callback = parameters.callback(3);
  if (!callback) return 0;
  paynow::GiftCardQuery query;
  query.customer_token = *token;
  query.code = *code;
  return ask(*callback, [&](const Callback& done, const paynow::CallOptions& options) {
    return session->client.lookup_giftcard(query, done, options);
  });
}

cell_t raw_request(IPluginContext* context, const cell_t* cells) noexcept {
  const Parameters parameters(context, cells);
  if (!ready(context)) return 0;
  const auto method = parameters.text(1);
  if (!method) return 0;
  const auto path = parameters.text(2);
  if (!path) return 0;
  const auto json = parameters.text(3);
  if (!json) return 0;
  const auto callback = parameters.callback(4);
  if (!callback) return 0;
  paynow::RawRequest request;
  request.method = *method;
  request.path = *path;
  if (!json->empty()) request.json = json;
  return ask(*callback, [&](const Callback& done, const paynow::CallOptions& options) {
    return session->client.request(request, done, options);
  });
}

/// The number of the plugin that calls, 0 if it has never asked.
std::uint64_t number_of(IPluginContext* context) {
  const auto loaded = session->loaded.find(context->GetRuntime());
  return loaded == session->loaded.end() ? 0 : loaded->second;
}

cell_t cancel(IPluginContext* context, const cell_t* cells) noexcept {
  const Parameters parameters(context, cells);
  if (!ready(context)) return 0;
  cell_t cancelled = 0;
  for (const auto& [number, request] : session->outstanding) {
    if (request.plugin != number_of(context) || request.data != parameters.cell(1)) continue;
    if (session->client.cancel(request.id)) ++cancelled;
  }
  return cancelled;
}

cell_t cancel_all(IPluginContext* context, const cell_t*) noexcept {
  if (!ready(context)) return 0;
  const std::uint64_t number = number_of(context);
  if (number == 0) return 0;
  return static_cast<cell_t>(session->client.cancel_all(number).value_or(0));
}

/// The answer, if it is this plugin's to read.
const paynow::Completion* answer_for(IPluginContext* context) {
  if (session != nullptr && session->answer != nullptr && session->reader == context->GetRuntime()) {
    return session->answer;
  }
  context->ThrowNativeError("an answer can be read only inside the callback it came to");
  return nullptr;
}

cell_t store(IPluginContext* context, const Parameters& parameters, cell_t index, const std::string& text) {
  const cell_t size = parameters.cell(index + 1);
  if (size <= 0) return context->ThrowNativeError("the buffer has no room");
  std::size_t written = 0;
  // Cuts between characters.
  if (context->StringToLocalUTF8(parameters.cell(index), static_cast<std::size_t>(size), text.c_str(), &written) ==
      SP_ERROR_NONE) {
    return 1;
  }
  return context->ThrowNativeError("parameter %d is not a buffer", static_cast<int>(index));
}

enum Text : cell_t {
  customer_id,
  customer_name,
  steam_id,
  token,
  card_code,
  card_balance,
  card_expires_at,
  error,
  error_code,
  trace_id,
  json
};

/// What the answer to this plugin has under that number. Nothing, too, when that was thrown at the plugin.
std::optional<std::string> text_of(IPluginContext* context, cell_t which) {
  const paynow::Completion* answer = answer_for(context);
  if (answer == nullptr) return std::nullopt;
  const auto customer = answer->customer();
  const auto card = answer->giftcard();
  std::optional<std::string_view> text;
  switch (which) {
    case customer_id: if (customer) text = customer->id(); break;
    case customer_name: if (customer) text = customer->name(); break;
    case steam_id: if (customer) text = customer->steam_id(); break;
    case token: text = answer->token(); break;
    case card_code: if (card) text = card->code; break;
    case card_balance: return card ? std::optional(std::to_string(card->balance)) : std::nullopt;
    case card_expires_at: if (card) text = card->expires_at; break;
    case error: if (!answer->ok()) text = answer->info().message; break;
    case error_code: text = answer->info().error_code; break;
    case trace_id: text = answer->info().trace_id; break;
    case json: text = answer->json(); break;
    default: context->ThrowNativeError("there is no text %d", static_cast<int>(which));
  }
  if (!text) return std::nullopt;
  return std::string(*text);
}

cell_t get_text(IPluginContext* context, const cell_t* cells) noexcept {
  const Parameters parameters(context, cells);
  const auto text = text_of(context, parameters.cell(1));
  return text ? store(context, parameters, 2, *text) : 0;
}

cell_t get_text_length(IPluginContext* context, const cell_t* cells) noexcept {
  const Parameters parameters(context, cells);
  const auto text = text_of(context, parameters.cell(1));
  return text ? static_cast<cell_t>(text->size()) : -1;
}

cell_t get_http_status(IPluginContext* context, const cell_t*) noexcept {
  const paynow::Completion* answer = answer_for(context);
  return answer == nullptr ? 0 : static_cast<cell_t>(answer->info().http_status);
}

cell_t get_retry_after(IPluginContext* context, const cell_t*) noexcept {
  const paynow::Completion* answer = answer_for(context);
  if (answer == nullptr) return -1;
  const auto wait = answer->info().retry_after;
  return wait ? static_cast<cell_t>(wait->count()) : -1;
}

cell_t get_metadata(IPluginContext* context, const cell_t* cells) noexcept {
  const Parameters parameters(context, cells);
  const paynow::Completion* answer = answer_for(context);
  if (answer == nullptr) return 0;
  const auto key = parameters.text(1);
  if (!key) return 0;
  const auto customer = answer->customer();
  if (!customer) return 0;
  const auto value = customer->metadata(*key);
  return value ? store(context, parameters, 2, std::string(*value)) : 0;
}

/// SourceMod keeps the pointer as long as the extension is loaded.
const sp_nativeinfo_t natives[] = {
    {"PayNow_LookupCustomer", lookup_customer},
    {"PayNow_EnsureCustomer", ensure_customer},
    {"PayNow_CreateToken", create_token},
    {"PayNow_TokenFor", token_for},
    {"PayNow_InvalidateTokens", invalidate_tokens},
    {"PayNow_LookupGiftCard", lookup_gift_card},
    {"PayNow_Request", raw_request},
    {"PayNow_Cancel", cancel},
    {"PayNow_CancelAll", cancel_all},
    {"PayNow_GetText", get_text},
    {"PayNow_GetTextLength", get_text_length},
    {"PayNow_GetMetadata", get_metadata},
    {"PayNow_GetHttpStatus", get_http_status},
    {"PayNow_GetRetryAfter", get_retry_after},
    {nullptr, nullptr},
};

// --- the extension ---

class PluginsListener final : public SourceMod::IPluginsListener {
 public:
  void OnPluginUnloaded(IPlugin* plugin) noexcept override {
    IPluginContext* context = plugin->GetBaseContext();
    if (session == nullptr || context == nullptr) return;
    const auto loaded = session->loaded.find(context->GetRuntime());
    if (loaded == session->loaded.end()) return;
    (void)session->client.cancel_all(loaded->second);
    session->loaded.erase(loaded);
  }
};

class Extension final : public SourceMod::IExtensionInterface {
 public:
  bool OnExtensionLoad(IExtension* extension, IShareSys* sys, char* error, std::size_t size, bool) noexcept override;
  void OnExtensionUnload() noexcept override;
  void OnExtensionsAllLoaded() noexcept override {}
  void OnExtensionPauseChange(bool) noexcept override {}
  bool QueryRunning(char* error, std::size_t size) noexcept override {
    if (session == nullptr) std::snprintf(error, size, "it did not start");
    return session != nullptr;
  }
  bool IsMetamodExtension() noexcept override { return false; }
  const char* GetExtensionName() noexcept override { return "PayNow"; }
  const char* GetExtensionURL() noexcept override { return ""; }
  const char* GetExtensionTag() noexcept override { return "PAYNOW"; }
  const char* GetExtensionAuthor() noexcept override { return "paynow-bridge"; }
  const char* GetExtensionVerString() noexcept override { return paynow_version(); }
  const char* GetExtensionDescription() noexcept override { return "Customers, tokens and gift cards of a PayNow store"; }
  // A date would make every build another file.
  const char* GetExtensionDateString() noexcept override { return paynow_version(); }

 private:
  PluginsListener listener_;
};

bool Extension::OnExtensionLoad(IExtension* extension, IShareSys* sys, char* error, std::size_t size, bool) noexcept {
  const auto find = [&](const char* name, unsigned int version) -> SMInterface* {
    SMInterface* found = nullptr;
    if (sys->RequestInterface(name, version, extension, &found)) return found;
    std::snprintf(error, size, "this SourceMod has no %s %u", name, version);
    return nullptr;
  };
  SMInterface* core = find(SMINTERFACE_SOURCEMOD_NAME, SMINTERFACE_SOURCEMOD_VERSION);
  if (core == nullptr) return false;
  SMInterface* manager = find(SMINTERFACE_PLUGINSYSTEM_NAME, SMINTERFACE_PLUGINSYSTEM_VERSION);
  if (manager == nullptr) return false;
  myself = extension;
  sourcemod = static_cast<SourceMod::ISourceMod*>(core);
  plugins = static_cast<SourceMod::IPluginManager*>(manager);
  const std::string problem = start();
  if (!problem.empty()) {
    std::snprintf(error, size, "%s", problem.c_str());
    return false;
  }
  sys->AddNatives(extension, natives);
  sys->RegisterLibrary(extension, "paynow");
  plugins->AddPluginsListener(&listener_);
  sourcemod->AddGameFrameHook(on_frame);
  return true;
}

void Extension::OnExtensionUnload() noexcept {
  if (session == nullptr) return;
  sourcemod->RemoveGameFrameHook(on_frame);
  plugins->RemovePluginsListener(&listener_);
  // Ends the library's threads. No code of this extension runs after this.
  delete std::exchange(session, nullptr);
}

/// Never destroyed: when a process ends without unloading, SourceMod is no longer there.
Extension& extension() {
  static Extension& only = *new Extension;
  return only;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) SourceMod::IExtensionInterface* GetSMExtAPI() { return &extension(); }
