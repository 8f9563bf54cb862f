#include "players.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <random>

namespace {

struct Known {
  Kind kind;
  const char* name;
  const char* account;
};

// Seeded in the sandbox; any other store meets them for the first time.
const Known known[] = {
    {Kind::java, "Notch", "069a79f4-44e9-4726-a5be-fca90e38aaf5"},
    {Kind::java, "jeb_", "853c80ef-3c37-49fd-aa49-938b674adae6"},
    {Kind::offline, "Offline_Olga", ""},
    {Kind::bedrock, "PixelPia", "2535432196048835"},
    {Kind::steam, "GordonF", "76561198012345678"},
    {Kind::java, "MiraMines", "d4e8a1b7-52c3-4f96-8a0d-7c19e3b5f264"},
    {Kind::bedrock, "\u6625\u306e\u5c71", "2535465544332211"},
    {Kind::steam, "\U0001f525Ember\U0001f525", "76561198200000002"},
    {Kind::offline, "BlockBert", ""},
    {Kind::java, "MHF_Steve", "c06f8906-4c8a-4911-9c29-ea1dbd1aab82"},
    {Kind::java, "MHF_Alex", "6ab43178-89fd-4905-97f6-0f67d9d76fd9"},
    {Kind::java, "RedstoneRita", "3f1c2a9e-7b54-4d0a-9c31-5e8f2b7a6d10"},
    {Kind::java, "CreeperCarl", "9b2d7e41-0c6f-4a85-b3e9-d417f8a2c650"},
    {Kind::java, "EnderEve", "51a0c7f2-e93d-4b68-a5f1-08d26e9b3c74"},
    {Kind::java, "LapisLou", "e7f30b58-1d4a-4c92-9e6b-a3528cf0d719"},
    {Kind::java, "xX_Wither_Xx", "0ac5d9e6-83b7-4e12-b7f4-2d61c0a89e35"},
    {Kind::java, "QuartzQuim", "a86e14c3-f207-4d5b-8b9c-61e7d03f5a92"},
    {Kind::java, "NewbieNed", "7d92f6b0-4ea8-4137-a6c5-f0b81e3d29c7"},
    {Kind::bedrock, "Sir Dig A Lot", "2535411223344556"},
    {Kind::steam, "quietcorner", "76561198099999994"},
    {Kind::steam, "breadcrumb", "76561198100000001"},
    {Kind::offline, "Pumpkin_Pete", ""},
};

const char* const gift_codes[] = {"GIFT-2500-ALEX", "GIFT-1275-MIRA", "GIFT-OLD-2023",
                                  "GIFT-USED-0000", "SUMMER 24/\u00c4\u00d6", "GIFT-TYPO-1234"};

const char* const first_halves[] = {"Mossy",  "Silent", "Copper", "Lucky",  "Frosty", "Amber",  "Velvet",
                                    "Rusty",  "Golden", "Shady",  "Turbo",  "Cosmic", "Gentle", "Feral"};
const char* const second_halves[] = {"Axolotl", "Miner", "Otter", "Smith",  "Golem", "Fox",  "Piglin",
                                     "Wizard",  "Panda", "Llama", "Archer", "Bee",   "Moth", "Goat"};

std::string new_name(std::size_t number) {
  const std::size_t first = number % std::size(first_halves);
  const std::size_t second = (number / std::size(first_halves) + number) % std::size(second_halves);
  return std::string(first_halves[first]) + second_halves[second] + std::to_string(number % 90 + 10);
}

std::string floodgate_uuid(const std::string& xuid) {
  char text[37];
  const std::uint64_t number = std::stoull(xuid);
  std::snprintf(text, sizeof text, "00000000-0000-0000-%04x-%012llx", static_cast<unsigned>(number >> 48),
                static_cast<unsigned long long>(number & 0xffffffffffff));
  return text;
}

void give_account(Player& player, const std::string& account, bool by_floodgate) {
  switch (player.kind) {
    case Kind::java:
      player.uuid = account;
      break;
    case Kind::bedrock:
      (by_floodgate ? player.uuid : player.xuid) = by_floodgate ? floodgate_uuid(account) : account;
      break;
    case Kind::steam:
      player.steam_id = account;
      break;
    case Kind::offline:
      break;
  }
}

std::string new_account(Kind kind, std::size_t number, std::mt19937_64& random) {
  char text[37];
  switch (kind) {
    case Kind::java: {
      const std::uint64_t high = random(), low = random();
      std::snprintf(text, sizeof text, "%08x-%04x-4%03x-%04x-%012llx", static_cast<unsigned>(high >> 32),
                    static_cast<unsigned>(high >> 16 & 0xffff), static_cast<unsigned>(high & 0xfff),
                    static_cast<unsigned>(low >> 50 | 0x8000), static_cast<unsigned long long>(low & 0xffffffffffff));
      return text;
    }
    case Kind::bedrock:
      return std::to_string(2535470000000000 + number * 7919);
    case Kind::steam:
      return std::to_string(76561198300000000 + number * 104729);
    case Kind::offline:
      break;
  }
  return {};
}

}  // namespace

const char* word(Kind kind) {
  switch (kind) {
    case Kind::java:
      return "Java";
    case Kind::offline:
      return "offline-mode";
    case Kind::bedrock:
      return "Bedrock";
    case Kind::steam:
      return "Steam";
  }
  return "";
}

std::vector<Player> make_players(std::size_t count, std::chrono::milliseconds window) {
  // The same players in every run.
  std::mt19937_64 random(20250401);
  std::vector<Player> players;
  const std::size_t known_count = std::min(std::size(known), count / 2);
  for (std::size_t index = 0; index < known_count; ++index) {
    Player player;
    player.kind = known[index].kind;
    player.name = known[index].name;
    give_account(player, known[index].account, index % 2 == 1);
    players.push_back(player);
  }
  const std::size_t twins = std::max<std::size_t>(1, count / 50);
  for (std::size_t number = 0; players.size() + twins < count; ++number) {
    // Two of five play Java, one in five each of the others.
    const Kind kinds[] = {Kind::java, Kind::bedrock, Kind::java, Kind::steam, Kind::offline};
    Player player;
    player.kind = kinds[number % std::size(kinds)];
    player.name = new_name(number);
    give_account(player, new_account(player.kind, number, random), number % 2 == 1);
    players.push_back(player);
  }
  for (std::size_t index = players.size() - 1; index > 0; --index) {
    std::swap(players[index], players[random() % (index + 1)]);
  }
  for (std::size_t index = 0; index < players.size(); ++index) {
    Player& player = players[index];
    player.joins = window * static_cast<int>(index) / static_cast<int>(players.size());
    if (index % 5 == 0) player.gift_code = gift_codes[index / 5 % std::size(gift_codes)];
    if (index % 8 == 3) player.leaves = window + std::chrono::milliseconds(2000) + player.joins / 2;
  }
  // A connection that drops and comes back at once: the same account in two sessions.
  std::vector<Player> again;
  for (std::size_t index = players.size() / 4; again.size() < twins && index < players.size(); ++index) {
    const bool is_new = std::none_of(std::begin(known), std::end(known),
                                     [&](const Known& each) { return players[index].name == each.name; });
    if (players[index].kind == Kind::java && is_new && players[index].leaves.count() == 0) {
      again.push_back(players[index]);
      again.back().gift_code.clear();
    }
  }
  players.insert(players.end(), again.begin(), again.end());
  return players;
}

std::string xuid_of_floodgate(const std::string& uuid) {
  std::string digits;
  for (const char letter : uuid) {
    if (letter != '-') digits += letter;
  }
  const bool is_floodgate = digits.size() == 32 && digits.find_first_not_of('0') >= 16 &&
                            std::all_of(digits.begin(), digits.end(),
                                        [](unsigned char letter) { return std::isxdigit(letter) != 0; });
  return is_floodgate ? std::to_string(std::strtoull(digits.c_str() + 16, nullptr, 16)) : std::string();
}

StoreKey store_key(const Player& player) {
  switch (player.kind) {
    case Kind::steam:
      return {"steam_id", player.steam_id};
    case Kind::bedrock:
      // Not by name: the prefix of Bedrock names is a setting of the server.
      return {"xbox_xuid", player.xuid.empty() ? xuid_of_floodgate(player.uuid) : player.xuid};
    case Kind::offline:
      // Not by UUID: in offline mode it is made of the name, and no store knows it.
      return {"minecraft_java_name", player.name};
    case Kind::java:
      break;
  }
  return {"minecraft_uuid", player.uuid};
}

paynow::LookupQuery lookup_query(const StoreKey& key) {
  const std::string_view name(key.name);
  if (name == "steam_id") return paynow::LookupQuery::by_steam_id(key.value);
  if (name == "xbox_xuid") return paynow::LookupQuery::by_xbox_xuid(key.value);
  if (name == "minecraft_java_name") return paynow::LookupQuery::by_minecraft_java_name(key.value);
  return paynow::LookupQuery::by_minecraft_uuid(key.value);
}

paynow::CustomerFields customer_fields(const Player& player, const StoreKey& key) {
  paynow::CustomerFields fields;
  fields.name = player.name;
  switch (player.kind) {
    case Kind::steam:
      fields.steam_id = key.value;
      break;
    case Kind::bedrock:
      fields.xbox_xuid = key.value;
      fields.minecraft_platform = paynow::MinecraftPlatform::bedrock;
      break;
    case Kind::java:
      fields.minecraft_uuid = key.value;
      fields.minecraft_platform = paynow::MinecraftPlatform::java;
      break;
    case Kind::offline:
      fields.minecraft_platform = paynow::MinecraftPlatform::java;
      break;
  }
  return fields;
}
