// A server loop: looks a customer up, asks for eight more that are never answered, and is stopped.
#include <paynow_bridge.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

namespace {

volatile std::sig_atomic_t stopped = 0;

const char* setting(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

class Server {
 public:
  explicit Server(const paynow::Client& client) : client_(client) {}

  bool start() {
    const auto sent = client_.lookup_customer(paynow::LookupQuery::by_minecraft_java_name("Notch"),
                                              [this](const paynow::Completion& done) { looked_up(done); });
    if (!sent) std::printf("paynow: %s\n", sent.error().c_str());
    return static_cast<bool>(sent);
  }

  int ended() const { return ended_; }

 private:
  void looked_up(const paynow::Completion& done) {
    const auto customer = done.customer();
    if (!customer) {
      std::printf("paynow: %s\n", done.ok() ? "Notch is not a customer" : done.info().message.data());
      return;
    }
    std::printf("paynow: Notch is customer %s\n", customer->id().data());
    paynow::CallOptions options;
    options.deadline = std::chrono::minutes(1);
    for (int number = 0; number < 8; ++number) {
      const std::string name = "hang_" + std::to_string(number);
      const auto sent = client_.lookup_customer(
          paynow::LookupQuery::by_minecraft_java_name(name),
          [this](const paynow::Completion& unanswered) { ended_ += unanswered.status() == paynow::Status::shutdown; }, options);
      if (!sent) std::printf("paynow: %s\n", sent.error().c_str());
    }
    std::puts("paynow: asked for 8 more");
  }

  const paynow::Client& client_;
  int ended_ = 0;
};

}  // namespace

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::signal(SIGTERM, [](int) { stopped = 1; });
  const char* const base = setting("PAYNOW_API_BASE");
  paynow::Config config;
  config.store_id = setting("PAYNOW_STORE_ID");
  config.api_key_env = "PAYNOW_API_KEY";
  if (*base) config.api_base = base;
  config.on_log = [](paynow::LogLevel, std::string_view line) { std::printf("paynow: %s\n", line.data()); };
  const auto client = paynow::Client::create(std::move(config));
  if (!client) return std::printf("paynow: %s\n", client.error().c_str()), 1;

  Server server(*client);
  if (!server.start()) return 1;
  // The tick: at most a millisecond of it for answers; what does not fit waits for the next one.
  for (; !stopped; std::this_thread::sleep_for(std::chrono::milliseconds(15)))
    (void)client->poll(0, std::chrono::milliseconds(1));

  // While everything that callbacks touch is still there.
  (void)client->destroy();
  std::printf("paynow: %d of 8 ended with the shutdown\n", server.ended());
  return 0;
}
