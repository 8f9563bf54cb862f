// What the extension needs to know of SourceMod 1.10, 1.11 and 1.12, declared here: no source tree of SourceMod is needed to
// build it.
//
// A virtual table is its functions in their order. Those that the extension neither calls nor is called by stand in it by
// name alone: `void Name() {}` holds the place. With TEST_SOURCEMOD_DIR set, tests/engines compares the places with those in
// SourceMod's own headers.

#pragma once

#include <cstddef>
#include <cstdint>

using cell_t = std::int32_t;
using funcid_t = std::uint32_t;

constexpr int SP_ERROR_NONE = 0;
constexpr int SP_ERROR_INVALID_ADDRESS = 5;

namespace SourcePawn {

class IPluginContext;
class IPluginRuntime;

/// A function of a plugin.
class IPluginFunction {
 public:
  virtual int PushCell(cell_t value) = 0;
  virtual void PushCellByRef() {}
  virtual void PushFloat() {}
  virtual void PushFloatByRef() {}
  virtual void PushArray() {}
  virtual void PushString() {}
  virtual void PushStringEx() {}
  virtual void Cancel() {}
  virtual int Execute(cell_t* result) = 0;

 protected:
  ~IPluginFunction() = default;
};

/// A plugin while it runs.
class IPluginContext {
 public:
  virtual ~IPluginContext() = default;
  virtual void GetVirtualMachine() {}
  virtual void GetContext() {}
  virtual void IsDebugging() {}
  virtual void SetDebugBreak() {}
  virtual void GetDebugInfo() {}
  virtual void HeapAlloc() {}
  virtual void HeapPop() {}
  virtual void HeapRelease() {}
  virtual void FindNativeByName() {}
  virtual void GetNativeByIndex() {}
  virtual void GetNativesNum() {}
  virtual void FindPublicByName() {}
  virtual void GetPublicByIndex() {}
  virtual void GetPublicsNum() {}
  virtual void GetPubvarByIndex() {}
  virtual void FindPubvarByName() {}
  virtual void GetPubvarAddrs() {}
  virtual void GetPubVarsNum() {}
  virtual void LocalToPhysAddr() {}
  virtual int LocalToString(cell_t address, char** text) = 0;
  virtual void StringToLocal() {}
  virtual int StringToLocalUTF8(cell_t address, std::size_t bytes, const char* text, std::size_t* written) = 0;
  virtual void PushCell() {}
  virtual void PushCellArray() {}
  virtual void PushString() {}
  virtual void PushCellsFromArray() {}
  virtual void BindNatives() {}
  virtual void BindNative() {}
  virtual void BindNativeToAny() {}
  virtual void Execute() {}
  virtual void ThrowNativeErrorEx() {}
  virtual cell_t ThrowNativeError(const char* format, ...) = 0;
  virtual void GetFunctionByName() {}
  virtual IPluginFunction* GetFunctionById(funcid_t id) = 0;
  virtual void GetIdentity() {}
  virtual void GetNullRef() {}
  virtual void LocalToStringNULL() {}
  virtual void BindNativeToIndex() {}
  virtual void IsInExec() {}
  virtual IPluginRuntime* GetRuntime() = 0;
};

}  // namespace SourcePawn

using SPVM_NATIVE_FUNC = cell_t (*)(SourcePawn::IPluginContext* context, const cell_t* parameters);
struct sp_nativeinfo_t {
  const char* name;
  SPVM_NATIVE_FUNC func;
};

#define SMINTERFACE_EXTENSIONAPI_VERSION 8
#define SMINTERFACE_SOURCEMOD_NAME "ISourceMod"
#define SMINTERFACE_SOURCEMOD_VERSION 14
#define SMINTERFACE_PLUGINSYSTEM_NAME "IPluginManager"
#define SMINTERFACE_PLUGINSYSTEM_VERSION 8

namespace SourceMod {

class IExtension;

class SMInterface {
 public:
  virtual unsigned int GetInterfaceVersion() = 0;
  virtual const char* GetInterfaceName() = 0;
  virtual bool IsVersionCompatible(unsigned int version) { return version <= GetInterfaceVersion(); }

 protected:
  ~SMInterface() = default;
};

class IShareSys {
 public:
  virtual void AddInterface() {}
  virtual bool RequestInterface(const char* name, unsigned int version, IExtension* extension,
                                SMInterface** interface) = 0;
  virtual void AddNatives(IExtension* extension, const sp_nativeinfo_t* natives) = 0;
  virtual void CreateIdentType() {}
  virtual void FindIdentType() {}
  virtual void CreateIdentity() {}
  virtual void DestroyIdentType() {}
  virtual void DestroyIdentity() {}
  virtual void AddDependency() {}
  virtual void RegisterLibrary(IExtension* extension, const char* name) = 0;

 protected:
  ~IShareSys() = default;
};

enum PathType { Path_None, Path_Game, Path_SM, Path_SM_Rel };
using GAME_FRAME_HOOK = void (*)(bool simulating);

class ISourceMod : public SMInterface {
 public:
  virtual void GetGamePath() {}
  virtual void GetSourceModPath() {}
  virtual std::size_t BuildPath(PathType type, char* buffer, std::size_t size, const char* format, ...) = 0;
  virtual void LogMessage(IExtension* extension, const char* format, ...) = 0;
  virtual void LogError(IExtension* extension, const char* format, ...) = 0;
  virtual void FormatString() {}
  virtual void CreateDataPack() {}
  virtual void FreeDataPack() {}
  virtual void GetDataPackHandleType() {}
  virtual void ReadKeyValuesHandle() {}
  virtual void GetGameFolderName() {}
  virtual void GetScriptingEngine() {}
  virtual void GetScriptingVM() {}
  virtual void GetAdjustedTime() {}
  virtual void SetGlobalTarget() {}
  virtual void GetGlobalTarget() {}
  virtual void AddGameFrameHook(GAME_FRAME_HOOK hook) = 0;
  virtual void RemoveGameFrameHook(GAME_FRAME_HOOK hook) = 0;

 protected:
  ~ISourceMod() = default;
};

class IPlugin {
 public:
  virtual ~IPlugin() = default;
  virtual void GetType() {}
  virtual SourcePawn::IPluginContext* GetBaseContext() = 0;
};

/// SourceMod calls all of these.
class IPluginsListener {
 public:
  virtual void OnPluginCreated(IPlugin*) {}
  virtual void OnPluginLoaded(IPlugin*) {}
  virtual void OnPluginPauseChange(IPlugin*, bool) {}
  virtual void OnPluginUnloaded(IPlugin*) {}
  virtual void OnPluginDestroyed(IPlugin*) {}
  virtual unsigned int GetApiVersion() const { return SMINTERFACE_PLUGINSYSTEM_VERSION; }
  virtual void OnPluginWillUnload(IPlugin*) {}

 protected:
  ~IPluginsListener() = default;
};

class IPluginManager : public SMInterface {
 public:
  virtual void LoadPlugin() {}
  virtual void UnloadPlugin() {}
  virtual void FindPluginByContext() {}
  virtual void GetPluginCount() {}
  virtual void GetPluginIterator() {}
  virtual void AddPluginsListener_V1() {}
  virtual void RemovePluginsListener_V1() {}
  virtual void PluginFromHandle() {}
  virtual void AddPluginsListener(IPluginsListener* listener) = 0;
  virtual void RemovePluginsListener(IPluginsListener* listener) = 0;

 protected:
  ~IPluginManager() = default;
};

/// SourceMod calls all of these.
class IExtensionInterface {
 public:
  virtual unsigned int GetExtensionVersion() { return SMINTERFACE_EXTENSIONAPI_VERSION; }
  virtual bool OnExtensionLoad(IExtension* extension, IShareSys* sys, char* error, std::size_t size, bool late) = 0;
  virtual void OnExtensionUnload() = 0;
  virtual void OnExtensionsAllLoaded() = 0;
  virtual void OnExtensionPauseChange(bool pause) = 0;
  virtual bool QueryInterfaceDrop(SMInterface*) { return false; }
  virtual void NotifyInterfaceDrop(SMInterface*) {}
  virtual bool QueryRunning(char*, std::size_t) { return true; }
  virtual bool IsMetamodExtension() = 0;
  virtual const char* GetExtensionName() = 0;
  virtual const char* GetExtensionURL() = 0;
  virtual const char* GetExtensionTag() = 0;
  virtual const char* GetExtensionAuthor() = 0;
  virtual const char* GetExtensionVerString() = 0;
  virtual const char* GetExtensionDescription() = 0;
  virtual const char* GetExtensionDateString() = 0;
  virtual void OnCoreMapStart(void*, int, int) {}
  virtual void OnDependenciesDropped() {}
  virtual void OnCoreMapEnd() {}

 protected:
  ~IExtensionInterface() = default;
};

}  // namespace SourceMod
