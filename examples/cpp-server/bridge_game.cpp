#include "bridge_game.hpp"

#include <algorithm>
#include <utility>

BridgeGame::BridgeGame(const paynow::Client& client, std::vector<Player> players, StoreMeter& meter)
    : client_(client),
      players_(std::move(players)),
      meter_(meter),
      sessions_(players_.size()),
      joined_(players_.size()),
      leaving_(players_.size()) {
  for (const Player& player : players_) keys_.push_back(store_key(player));
}

bool BridgeGame::tick(Duration now) {
  world_.tick();
  bool everybody_is_done = true;
  for (std::size_t player = 0; player < players_.size(); ++player) {
    const Player& who = players_[player];
    if (!joined_[player] && now >= who.joins) join(player);
    const bool leaves = who.leaves.count() != 0;
    if (leaves && !leaving_[player] && now >= who.leaves && sessions_[player].done) leave(player);
    everybody_is_done = everybody_is_done && sessions_[player].done && (!leaves || leaving_[player]);
  }
  if (now >= next_list_) {
    next_list_ += std::chrono::seconds(1);
    list();
  }
  {
    const auto section = meter_.measure();
    // A full house must not spoil the tick: what does not fit into a millisecond waits for the next one.
    (void)client_.poll(0, std::chrono::milliseconds(1));
  }
  return !everybody_is_done || outstanding_ > 0;
}

void BridgeGame::join(std::size_t player) {
  joined_[player] = true;
  const auto section = meter_.measure();
  check(player, client_.lookup_customer(lookup_query(keys_[player]), then(player, &BridgeGame::looked_up),
                                        options_of(player)));
}

void BridgeGame::looked_up(std::size_t player, const paynow::Completion& done) {
  if (const auto customer = done.customer()) return mint(player, customer->id(), Found::known);
  if (!done.ok()) return fail(player, std::string(done.info().message));
  check(player, client_.create_customer(customer_fields(players_[player], keys_[player]),
                                        then(player, &BridgeGame::created), options_of(player)));
}

void BridgeGame::created(std::size_t player, const paynow::Completion& done) {
  if (const auto customer = done.customer()) return mint(player, customer->id(), Found::created);
  switch (done.status()) {
    case paynow::Status::conflict:
      // Someone was faster: another session, another server of the network.
      return check(player, client_.lookup_customer(lookup_query(keys_[player]),
                                                   then(player, &BridgeGame::looked_up_again), options_of(player)));
    case paynow::Status::not_found:
      sessions_[player].found = Found::no_account;
      return finish(player);
    default:
      return fail(player, std::string(done.info().message));
  }
}

void BridgeGame::looked_up_again(std::size_t player, const paynow::Completion& done) {
  if (const auto customer = done.customer()) return mint(player, customer->id(), Found::created_meanwhile);
  fail(player, done.ok() ? "exists, and cannot be found" : std::string(done.info().message));
}

void BridgeGame::mint(std::size_t player, std::string_view customer_id, Found found) {
  sessions_[player].found = found;
  sessions_[player].customer_id = customer_id;
  check(player, client_.create_customer_token(customer_id, then(player, &BridgeGame::minted), options_of(player)));
}

void BridgeGame::minted(std::size_t player, const paynow::Completion& done) {
  const auto token = done.token();
  if (!token) return fail(player, std::string(done.info().message));
  sessions_[player].token_glimpse = glimpse(*token);
  if (players_[player].gift_code.empty()) return finish(player);
  paynow::GiftCardQuery query;
  query.customer_token = *token;
  query.code = players_[player].gift_code;
  check(player, client_.lookup_giftcard(query, then(player, &BridgeGame::card_looked_up), options_of(player)));
}

void BridgeGame::card_looked_up(std::size_t player, const paynow::Completion& done) {
  if (!done.ok()) return fail(player, std::string(done.info().message));
  const auto card = done.giftcard();
  sessions_[player].gift_card = card ? describe_gift_card(card->balance, card->starting_balance, card->expires_at_ms,
                                                          card->expires_at.value_or(""))
                                     : "no such card";
  finish(player);
}

void BridgeGame::leave(std::size_t player) {
  leaving_[player] = true;
  if (sessions_[player].token_glimpse.empty()) return;
  const auto section = meter_.measure();
  check(player, client_.invalidate_customer_tokens(sessions_[player].customer_id,
                                                   then(player, &BridgeGame::revoked), options_of(player)));
}

void BridgeGame::revoked(std::size_t player, const paynow::Completion& done) {
  if (!done.ok()) return fail(player, std::string(done.info().message));
  sessions_[player].revoked = true;
}

void BridgeGame::list() {
  paynow::ListQuery query;
  query.limit = 100;
  paynow::CallOptions options;
  // No player waits at a prompt for it.
  options.priority = paynow::Priority::background;
  const std::size_t request = completions_.size();
  const auto section = meter_.measure();
  const auto submitted = client_.list_customers(
      query,
      [this, request](const paynow::Completion& done) {
        ++completions_[request];
        --outstanding_;
        if (!done.ok()) return;
        listed_ = done.info().customer_count;
        ++lists_;
      },
      options);
  if (!submitted) return;
  completions_.push_back(0);
  ++outstanding_;
}

paynow::CompletionHandler BridgeGame::then(std::size_t player, Step step) {
  const std::size_t request = completions_.size();
  return [this, player, step, request](const paynow::Completion& done) {
    ++completions_[request];
    --outstanding_;
    (this->*step)(player, done);
  };
}

void BridgeGame::check(std::size_t player, const paynow::Result<paynow::RequestId>& submitted) {
  if (!submitted) return fail(player, submitted.error());
  completions_.push_back(0);
  ++outstanding_;
}

void BridgeGame::fail(std::size_t player, std::string why) {
  sessions_[player].problem = std::move(why);
  finish(player);
}

void BridgeGame::finish(std::size_t player) {
  if (sessions_[player].done) return;
  sessions_[player].done = true;
  sessions_[player].took = Clock::now() - started_ - players_[player].joins;
}

paynow::CallOptions BridgeGame::options_of(std::size_t player) const {
  paynow::CallOptions options;
  options.tag = player + 1;
  return options;
}

std::size_t BridgeGame::not_exactly_once() const {
  return static_cast<std::size_t>(
      std::count_if(completions_.begin(), completions_.end(), [](int times) { return times != 1; }));
}
