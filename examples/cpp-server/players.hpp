// Who plays on the server, and what the game knows of them.

#pragma once

#include <paynow_bridge.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

enum class Kind { java, offline, bedrock, steam };

const char* word(Kind kind);

struct Player {
  Kind kind = Kind::java;
  /// The name in the game.
  std::string name;
  /// Minecraft UUID, as the game server hands it over. For a Bedrock player behind Geyser the one Floodgate makes
  /// of the XUID; for an offline-mode player nothing the store could know.
  std::string uuid;
  /// Of Bedrock players whose UUID is not Floodgate's.
  std::string xuid;
  std::string steam_id;
  /// When the player joins, from the start.
  std::chrono::milliseconds joins{0};
  /// When the player leaves for good and wants no one to shop with the old token; 0 for never.
  std::chrono::milliseconds leaves{0};
  /// What the player types after /giftcard; empty for most.
  std::string gift_code;
};

/// `count` players of all kinds who join within `window`: those the sandbox knows from the start, others, and
/// some whose connection drops and comes back at once, so that two sessions create the same customer.
std::vector<Player> make_players(std::size_t count, std::chrono::milliseconds window);

/// The XUID in a Floodgate UUID: its low 64 bits. Empty for other UUIDs.
std::string xuid_of_floodgate(const std::string& uuid);

/// The key by which the store finds a player, and its value.
struct StoreKey {
  /// As the API calls it.
  const char* name;
  std::string value;
};
StoreKey store_key(const Player& player);

/// The same for the bridge. Borrows from `key`.
paynow::LookupQuery lookup_query(const StoreKey& key);
/// What a customer is created with. Borrows from `player` and `key`.
paynow::CustomerFields customer_fields(const Player& player, const StoreKey& key);
