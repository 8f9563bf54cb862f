// A program that was compiled for another version of the interface is told so, instead of crashing later.

#include <paynow_bridge.h>

static_assert(PAYNOW_ABI_VERSION < 4711, "another version is needed here");
#undef PAYNOW_ABI_VERSION
#define PAYNOW_ABI_VERSION 4711

#include <paynow_bridge.hpp>

#include <cstdio>
#include <string>

int main() {
  paynow::Config config;
  config.store_id = "1";
  const auto client = paynow::Client::create(std::move(config));
  const bool refused = !client && client.status() == paynow::Status::abi_mismatch &&
                       client.error().find("4711") != std::string::npos &&
                       client.error().find(std::to_string(paynow_abi_version())) != std::string::npos;
  if (!refused) std::printf("not refused: %s\n", client.error().c_str());
  return refused ? 0 : 1;
}
