#include "naive_game.hpp"

#include <cctype>
#include <cstdio>
#include <utility>

namespace {

std::string percent_encode(std::string_view text) {
  std::string encoded;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte < 128 && (std::isalnum(byte) != 0 || std::string_view("-._~").find(letter) != std::string_view::npos)) {
      encoded += letter;
    } else {
      char escape[4];
      std::snprintf(escape, sizeof escape, "%%%02X", static_cast<unsigned>(byte));
      encoded += escape;
    }
  }
  return encoded;
}

// Names of the players of this example hold nothing that would need an escape.
std::string creation(const Player& player, const StoreKey& key) {
  std::string json = "{\"name\":\"" + player.name + "\"";
  if (player.kind != Kind::offline) json += ",\"" + std::string(key.name) + "\":\"" + key.value + "\"";
  if (player.kind != Kind::steam) {
    json += std::string(",\"minecraft_platform\":\"") + (player.kind == Kind::bedrock ? "bedrock" : "java") + "\"";
  }
  return json + "}";
}

}  // namespace

NaiveGame::NaiveGame(std::string_view base, std::string_view api_key, std::string_view store_id,
                     std::vector<Player> players, Duration closing_time, StoreMeter& meter)
    : http_(base),
      authorization_("APIKey " + std::string(api_key)),
      customers_("/v1/stores/" + std::string(store_id) + "/customers"),
      players_(std::move(players)),
      closing_time_(closing_time),
      meter_(meter),
      sessions_(players_.size()),
      left_(players_.size()) {}

bool NaiveGame::tick(Duration now) {
  const Clock::time_point tick_began = Clock::now();
  world_.tick();
  bool everybody_is_done = true;
  for (std::size_t player = 0; player < players_.size(); ++player) {
    const Player& who = players_[player];
    if (now + (Clock::now() - tick_began) >= closing_time_) return false;
    if (!sessions_[player].done && now >= who.joins) {
      const Clock::time_point began = Clock::now();
      join(player);
      sessions_[player].done = true;
      sessions_[player].took = now - who.joins + (Clock::now() - began);
    }
    const bool leaves = who.leaves.count() != 0;
    if (leaves && !left_[player] && now >= who.leaves) leave(player);
    everybody_is_done = everybody_is_done && sessions_[player].done && (!leaves || left_[player]);
  }
  if (now >= next_list_) {
    next_list_ = now + std::chrono::seconds(1);
    send("GET", customers_ + "?limit=100");
  }
  return !everybody_is_done;
}

HttpClient::Response NaiveGame::send(std::string_view method, const std::string& path, std::string_view json) {
  const auto section = meter_.measure();
  return http_.send(method, path, authorization_, json);
}

HttpClient::Response NaiveGame::look_up(std::size_t player) {
  const StoreKey key = store_key(players_[player]);
  return send("GET", customers_ + "/lookup?" + key.name + "=" + percent_encode(key.value));
}

void NaiveGame::join(std::size_t player) {
  Session& session = sessions_[player];
  HttpClient::Response answer = look_up(player);
  session.found = Found::known;
  if (answer.status == 404) {
    session.found = Found::created;
    answer = send("POST", customers_, creation(players_[player], store_key(players_[player])));
    if (answer.status == 409) {
      session.found = Found::created_meanwhile;
      answer = look_up(player);
    }
  }
  session.customer_id = json_member(answer.body, "id");
  if (answer.status != 200 || session.customer_id.empty()) {
    session.problem = "HTTP " + std::to_string(answer.status);
    return;
  }
  answer = send("POST", customers_ + "/" + session.customer_id + "/tokens");
  const std::string token = json_member(answer.body, "token");
  if (token.empty()) {
    session.problem = "HTTP " + std::to_string(answer.status);
    return;
  }
  session.token_glimpse = glimpse(token);
  const std::string& code = players_[player].gift_code;
  if (code.empty()) return;
  const auto section = meter_.measure();
  answer = http_.send("GET", "/v1/store/customer/giftcards/lookup/" + percent_encode(code), "Customer " + token);
  session.gift_card = answer.status == 200 ? json_member(answer.body, "balance") : "no such card";
}

void NaiveGame::leave(std::size_t player) {
  left_[player] = true;
  if (sessions_[player].token_glimpse.empty()) return;
  const std::string tokens = customers_ + "/" + sessions_[player].customer_id + "/tokens";
  sessions_[player].revoked = send("DELETE", tokens).status == 204;
}
