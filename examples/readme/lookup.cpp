#include <paynow_bridge.hpp>
#include <cstdio>
#include <cstdlib>
#include <thread>

int main() {
  const char *base = std::getenv("PAYNOW_API_BASE"), *key = std::getenv("PAYNOW_API_KEY"), *store = std::getenv("PAYNOW_STORE_ID");
  if (!base || !key || !store) return std::puts("Set PAYNOW_API_BASE, PAYNOW_API_KEY and PAYNOW_STORE_ID."), 2;
  paynow::Config config;
  config.api_base = base, config.api_key = key, config.store_id = store;
  const auto client = paynow::Client::create(std::move(config));
  if (!client) return std::puts(client.error().c_str()), 2;
  bool done = false;
  const auto sent = client->lookup_customer(
      paynow::LookupQuery::by_minecraft_java_name("Notch"), [&](const paynow::Completion& completion) {
        if (const auto customer = completion.customer()) std::printf("Notch is %s\n", customer->id().data());
        else std::puts(completion.ok() ? "Notch is not a customer" : completion.info().message.data());
        done = true;
      });
  if (!sent) return std::puts(sent.error().c_str()), 2;
  while (!done) {  // the tick
    (void)client->poll();
    std::this_thread::sleep_for(std::chrono::milliseconds(15));
  }
}
