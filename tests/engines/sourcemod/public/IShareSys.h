// Stands in for SourceMod's own header in the tests: what the extension uses, under the same names, and no more. It
// shows that the extension's code is right, not that its binary fits a real SourceMod; that one is built against the
// headers of the SourceMod it is for.

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
  virtual int Execute(cell_t* result) = 0;
  virtual bool IsRunnable() = 0;

 protected:
  ~IPluginFunction() = default;
};

/// A plugin while it runs.
class IPluginContext {
 public:
  virtual int LocalToString(cell_t address, char** text) = 0;
  virtual int StringToLocalUTF8(cell_t address, std::size_t bytes, const char* text, std::size_t* written) = 0;
  virtual cell_t ThrowNativeError(const char* format, ...) = 0;
  virtual IPluginFunction* GetFunctionById(funcid_t id) = 0;
  virtual IPluginRuntime* GetRuntime() = 0;

 protected:
  ~IPluginContext() = default;
};

}  // namespace SourcePawn

using SPVM_NATIVE_FUNC = cell_t (*)(SourcePawn::IPluginContext* context, const cell_t* parameters);
struct sp_nativeinfo_t {
  const char* name;
  SPVM_NATIVE_FUNC func;
};

namespace SourceMod {

class IExtension;

class SMInterface {
 public:
  virtual unsigned int GetInterfaceVersion() = 0;
  virtual const char* GetInterfaceName() = 0;

 protected:
  ~SMInterface() = default;
};

class IShareSys {
 public:
  virtual bool RequestInterface(const char* name, unsigned int version, IExtension* extension,
                                SMInterface** interface) = 0;
  virtual void AddNatives(IExtension* extension, const sp_nativeinfo_t* natives) = 0;
  virtual void RegisterLibrary(IExtension* extension, const char* name) = 0;

 protected:
  ~IShareSys() = default;
};

}  // namespace SourceMod
