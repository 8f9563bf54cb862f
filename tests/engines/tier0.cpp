// Stands in for the engine's tier0 library, which prints.

#include <cstdarg>
#include <cstdio>
#include <string>

extern "C" __attribute__((visibility("default"))) void Msg(const char* format, ...);
extern "C" __attribute__((visibility("default"))) const char* printed();
extern "C" __attribute__((visibility("default"))) void forget();

namespace {
std::string text;
}

void Msg(const char* format, ...) {
  char line[1024];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  text += line;
}

const char* printed() { return text.c_str(); }
void forget() { text.clear(); }
