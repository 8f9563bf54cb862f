// How the engine's names for players become SteamID64s, and what is none.

#include "host.hpp"
#include "steam_id.hpp"

int main() {
  const struct {
    const char* given;
    const char* wanted;
  } cases[] = {
      {"STEAM_0:0:26039975", "76561198012345678"},
      {"STEAM_1:0:26039975", "76561198012345678"},
      {"STEAM_0:1:0", "76561197960265729"},
      {"STEAM_0:1:2147483647", "76561202255233023"},
      {"[U:1:52079950]", "76561198012345678"},
      {"[U:1:4294967295]", "76561202255233023"},
      {"76561198012345678", "76561198012345678"},
      {"", ""},
      {"BOT", ""},
      {"HLTV", ""},
      {"UNKNOWN", ""},
      {"STEAM_ID_LAN", ""},
      {"STEAM_ID_PENDING", ""},
      {"STEAM_0:0:0", ""},
      {"STEAM_0:2:1", ""},
      {"STEAM_2:0:1", ""},
      {"STEAM_0:0:2147483648", ""},
      {"STEAM_0:0:99999999999999999999999", ""},
      {"STEAM_0:0:-1", ""},
      {"STEAM_0:0: 1", ""},
      {"STEAM_0:0:1x", ""},
      {"STEAM_0:0:", ""},
      {"STEAM_0:0", ""},
      {"steam_0:0:1", ""},
      {"[U:1:0]", ""},
      {"[U:1:4294967296]", ""},
      {"[U:1:5", ""},
      {"[U:1:5]]", ""},
      {"[U:0:5]", ""},
      {"[G:1:5]", ""},
      {"76561197960265728", ""},
      {"76561202255233024", ""},
      {"103582791429521412", ""},
      {"1", ""},
  };
  for (const auto& each : cases) {
    const auto got = steam_id64(each.given);
    host::check(got.value_or("") == each.wanted, std::string("steam-id/") + each.given, got.value_or("nothing"));
  }
  return host::finish();
}
