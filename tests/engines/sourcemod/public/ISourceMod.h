// Stands in for SourceMod's own header in the tests: see IShareSys.h.

#pragma once

#include "IShareSys.h"

#define SMINTERFACE_SOURCEMOD_NAME "ISourceMod"
#define SMINTERFACE_SOURCEMOD_VERSION 7

namespace SourceMod {

enum PathType { Path_None, Path_Game, Path_SM, Path_SM_Rel };
using GAME_FRAME_HOOK = void (*)(bool simulating);

class ISourceMod : public SMInterface {
 public:
  virtual std::size_t BuildPath(PathType type, char* buffer, std::size_t size, const char* format, ...) = 0;
  virtual void LogMessage(IExtension* extension, const char* format, ...) = 0;
  virtual void LogError(IExtension* extension, const char* format, ...) = 0;
  virtual void AddGameFrameHook(GAME_FRAME_HOOK hook) = 0;
  virtual void RemoveGameFrameHook(GAME_FRAME_HOOK hook) = 0;

 protected:
  ~ISourceMod() = default;
};

}  // namespace SourceMod
