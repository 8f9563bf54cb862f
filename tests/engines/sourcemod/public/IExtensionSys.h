// Stands in for SourceMod's own header in the tests: see IShareSys.h.

#pragma once

#include "IShareSys.h"

namespace SourceMod {

class IExtensionInterface {
 public:
  virtual unsigned int GetExtensionVersion() { return 2; }
  virtual bool OnExtensionLoad(IExtension* extension, IShareSys* sys, char* error, std::size_t size, bool late) = 0;
  virtual void OnExtensionUnload() = 0;
  virtual void OnExtensionsAllLoaded() = 0;
  virtual void OnExtensionPauseChange(bool pause) = 0;
  virtual bool QueryInterfaceDrop(SMInterface*) { return false; }
  virtual bool QueryRunning(char*, std::size_t) { return true; }
  virtual bool IsMetamodExtension() = 0;
  virtual const char* GetExtensionName() = 0;
  virtual const char* GetExtensionURL() = 0;
  virtual const char* GetExtensionTag() = 0;
  virtual const char* GetExtensionAuthor() = 0;
  virtual const char* GetExtensionVerString() = 0;
  virtual const char* GetExtensionDescription() = 0;
  virtual const char* GetExtensionDateString() = 0;

 protected:
  ~IExtensionInterface() = default;
};

}  // namespace SourceMod
