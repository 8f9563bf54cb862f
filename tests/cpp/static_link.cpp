// The library inside a program: one lookup. run.sh looks at what the program exports.

#include <paynow_bridge.hpp>

#include <cstdio>
#include <cstdlib>

int main() {
  paynow::Config config;
  config.api_base = std::getenv("PAYNOW_API_BASE");
  config.api_key = std::getenv("PAYNOW_API_KEY");
  config.store_id = std::getenv("PAYNOW_STORE_ID");
  const auto client = paynow::Client::create(std::move(config));
  if (!client) return std::printf("%s\n", client.error().c_str()), 1;
  const auto sent = client->lookup_customer(paynow::LookupQuery::by_minecraft_java_name("Notch"));
  if (!sent) return std::printf("%s\n", sent.error().c_str()), 1;
  const auto done = client->next(std::chrono::minutes(1));
  if (!done || !*done) return std::printf("no completion\n"), 1;
  const paynow::Completion& completion = *done.value();
  const auto customer = completion.customer();
  if (!customer) return std::printf("%s\n", paynow::text(completion.status())), 1;
  std::printf("%.*s\n", static_cast<int>(customer->id().size()), customer->id().data());
  return 0;
}
