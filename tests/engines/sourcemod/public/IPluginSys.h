// Stands in for SourceMod's own header in the tests: see IShareSys.h.

#pragma once

#include "IShareSys.h"

#define SMINTERFACE_PLUGINSYSTEM_NAME "IPluginManager"
#define SMINTERFACE_PLUGINSYSTEM_VERSION 2

namespace SourceMod {

class IPlugin {
 public:
  virtual SourcePawn::IPluginContext* GetBaseContext() = 0;

 protected:
  ~IPlugin() = default;
};

class IPluginsListener {
 public:
  virtual void OnPluginLoaded(IPlugin*) {}
  virtual void OnPluginUnloaded(IPlugin*) {}

 protected:
  ~IPluginsListener() = default;
};

class IPluginManager : public SMInterface {
 public:
  virtual void AddPluginsListener(IPluginsListener* listener) = 0;
  virtual void RemovePluginsListener(IPluginsListener* listener) = 0;

 protected:
  ~IPluginManager() = default;
};

}  // namespace SourceMod
