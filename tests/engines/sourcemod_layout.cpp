// Prints the place of each function that the extension and SourceMod call each other by, and the versions they name.
// Compiled with examples/sourcemod-ext/sourcemod.hpp, and with SourceMod's own headers where PAYNOW_SOURCEMOD_HEADERS is set.

#ifdef PAYNOW_SOURCEMOD_HEADERS
#include <IExtensionSys.h>
#include <IPluginSys.h>
#include <ISourceMod.h>
#else
#include "sourcemod.hpp"
#endif

#include <cstdint>
#include <cstdio>
#include <cstring>

namespace {

/// A pointer to a virtual function holds one more than its distance from the start of the table.
template <class Function>
void place(const char* name, Function function) {
  std::uintptr_t distance = 0;
  std::memcpy(&distance, &function, sizeof distance);
  std::printf("%s %zu\n", name, static_cast<std::size_t>((distance - 1) / sizeof(void*)));
}

}  // namespace

#define PLACE(type, name) place(#type "::" #name, &type::name)

int main() {
  using namespace SourceMod;
  using namespace SourcePawn;
  PLACE(IShareSys, RequestInterface);
  PLACE(IShareSys, AddNatives);
  PLACE(IShareSys, RegisterLibrary);
  PLACE(ISourceMod, BuildPath);
  PLACE(ISourceMod, LogMessage);
  PLACE(ISourceMod, LogError);
  PLACE(ISourceMod, AddGameFrameHook);
  PLACE(ISourceMod, RemoveGameFrameHook);
  PLACE(IPlugin, GetBaseContext);
  PLACE(IPluginManager, AddPluginsListener);
  PLACE(IPluginManager, RemovePluginsListener);
  PLACE(IPluginContext, LocalToString);
  PLACE(IPluginContext, StringToLocalUTF8);
  PLACE(IPluginContext, ThrowNativeError);
  PLACE(IPluginContext, GetFunctionById);
  PLACE(IPluginContext, GetRuntime);
  PLACE(IPluginFunction, PushCell);
  PLACE(IPluginFunction, Execute);
  PLACE(IPluginsListener, OnPluginLoaded);
  PLACE(IPluginsListener, OnPluginPauseChange);
  PLACE(IPluginsListener, OnPluginUnloaded);
  PLACE(IPluginsListener, OnPluginDestroyed);
  PLACE(IPluginsListener, GetApiVersion);
  PLACE(IPluginsListener, OnPluginWillUnload);
  PLACE(IExtensionInterface, GetExtensionVersion);
  PLACE(IExtensionInterface, OnExtensionLoad);
  PLACE(IExtensionInterface, OnExtensionUnload);
  PLACE(IExtensionInterface, OnExtensionsAllLoaded);
  PLACE(IExtensionInterface, OnExtensionPauseChange);
  PLACE(IExtensionInterface, QueryInterfaceDrop);
  PLACE(IExtensionInterface, NotifyInterfaceDrop);
  PLACE(IExtensionInterface, QueryRunning);
  PLACE(IExtensionInterface, IsMetamodExtension);
  PLACE(IExtensionInterface, GetExtensionName);
  PLACE(IExtensionInterface, GetExtensionURL);
  PLACE(IExtensionInterface, GetExtensionTag);
  PLACE(IExtensionInterface, GetExtensionAuthor);
  PLACE(IExtensionInterface, GetExtensionVerString);
  PLACE(IExtensionInterface, GetExtensionDescription);
  PLACE(IExtensionInterface, GetExtensionDateString);
  PLACE(IExtensionInterface, OnCoreMapStart);
  PLACE(IExtensionInterface, OnDependenciesDropped);
  PLACE(IExtensionInterface, OnCoreMapEnd);
  std::printf("extension %d, %s %d, %s %d, path %d, errors %d\n", SMINTERFACE_EXTENSIONAPI_VERSION,
              SMINTERFACE_SOURCEMOD_NAME, SMINTERFACE_SOURCEMOD_VERSION, SMINTERFACE_PLUGINSYSTEM_NAME,
              SMINTERFACE_PLUGINSYSTEM_VERSION, static_cast<int>(Path_SM), static_cast<int>(SP_ERROR_NONE));
}
