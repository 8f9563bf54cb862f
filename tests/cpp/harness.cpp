#include "harness.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

namespace test {
namespace {

struct Test {
  const char* name;
  void (*body)();
};

std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

std::string failure;
std::string skipped;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) {
    std::fprintf(stderr, "%s is not set: use run.sh\n", name);
    std::exit(2);
  }
  return value;
}

}  // namespace

// tests/secrets.sh looks for them.
void keep_said(std::string_view text) {
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  static std::FILE* const file = [] {
    const char* path = std::getenv("TEST_SAID");
    return path != nullptr ? std::fopen(path, "ae") : nullptr;
  }();
  if (file == nullptr) return;
  std::fprintf(file, "%.*s\n", static_cast<int>(text.size()), text.data());
  std::fflush(file);
}

Registration::Registration(const char* name, void (*body)()) { tests().push_back({name, body}); }

void fail(const char* file, int line, const std::string& why) {
  // Tests fail on several threads at once, too; the first failure is the one that explains.
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  if (!failure.empty()) return;
  const char* slash = std::strrchr(file, '/');
  failure = std::string(slash ? slash + 1 : file) + ":" + std::to_string(line) + ": " + why;
}

void skip(const std::string& why) { skipped = why; }

const std::string& base() {
  static const std::string value = environment("PAYNOW_API_BASE");
  return value;
}

const std::string& api_key() {
  static const std::string value = environment("PAYNOW_API_KEY");
  return value;
}

const std::string& store_id() {
  static const std::string value = environment("PAYNOW_STORE_ID");
  return value;
}

paynow::Config config() {
  paynow::Config config;
  config.store_id = store_id();
  config.api_key = api_key();
  config.api_base = base();
  // The deadline is a net here, not a subject; valgrind is slow.
  config.deadline = std::chrono::duration_cast<std::chrono::milliseconds>(patience);
  // So that every test asks the sandbox; one of them is about remembering.
  config.cache_ttl = std::chrono::milliseconds(paynow::off);
  config.log_level = paynow::LogLevel::debug;
  config.on_log = [](paynow::LogLevel, std::string_view line) { keep_said(line); };
  return config;
}

paynow::Client client() { return client(config()); }

paynow::Client client(paynow::Config config) {
  auto made = paynow::Client::create(std::move(config));
  if (!made) {
    fail(__FILE__, __LINE__, made.error());
    return {};
  }
  return std::move(made).value();
}

bool poll_until(const paynow::Client& client, const std::function<bool()>& done) {
  const auto give_up = std::chrono::steady_clock::now() + patience;
  while (!done()) {
    if (!client.poll() || std::chrono::steady_clock::now() > give_up) return done();
    std::this_thread::yield();
  }
  return true;
}

Answer answer(const paynow::Client& client, paynow::Result<paynow::RequestId> submitted) {
  Answer answer;
  if (!submitted) fail(__FILE__, __LINE__, "refused: " + submitted.error());
  answer.submitted = std::move(submitted);
  if (!answer.submitted) return answer;
  auto next = client.next(std::chrono::duration_cast<std::chrono::milliseconds>(patience));
  if (!next || !*next) {
    fail(__FILE__, __LINE__, "no completion came: " + next.error());
    return answer;
  }
  answer.owned = std::move(next).value();
  if (answer.owned) keep_said(answer->info().message);
  return answer;
}

std::string admin(std::string_view method, std::string_view path, std::string_view json) {
  static const paynow::Client steering = client();
  paynow::RawRequest request;
  request.method = method;
  request.path = path;
  if (!json.empty()) request.json = json;
  request.auth = paynow::Auth::none;
  const Answer done = answer(steering, steering.request(request));
  if (!done->ok()) fail(__FILE__, __LINE__, "the sandbox refused " + std::string(path));
  return std::string(done->json().value_or(""));
}

void faults(std::string_view json) { admin("PUT", "/_sandbox/faults", json); }

long long requests_seen() {
  const std::string stats = admin("GET", "/_sandbox/stats");
  const std::string key = "\"requests\":";
  const auto at = stats.find(key);
  if (at == std::string::npos) {
    fail(__FILE__, __LINE__, "no count of requests in " + stats);
    return -1;
  }
  return std::atoll(stats.c_str() + at + key.size());
}

}  // namespace test

// The first argument is put before the names of the tests; with a second only those tests run whose names hold it.
int main(int argc, char** argv) {
  using namespace test;
  const std::string prefix = argc > 1 ? std::string(argv[1]) + "/" : "";
  const std::string wanted = argc > 2 ? argv[2] : "";
  int failed = 0;
  for (const Test& each : tests()) {
    if ((prefix + each.name).find(wanted) == std::string::npos) continue;
    failure.clear();
    skipped.clear();
    admin("DELETE", "/_sandbox/faults");
    admin("POST", "/_sandbox/reset", "{}");
    if (failure.empty()) each.body();
    if (failure.empty() && !skipped.empty()) {
      std::printf("skip %s%s: %s\n", prefix.c_str(), each.name, skipped.c_str());
    } else if (failure.empty()) {
      std::printf("ok %s%s\n", prefix.c_str(), each.name);
    } else {
      std::printf("FAIL %s%s: %s\n", prefix.c_str(), each.name, failure.c_str());
      ++failed;
    }
    std::fflush(stdout);
  }
  // The next program finds it as this one did.
  admin("DELETE", "/_sandbox/faults");
  return failed == 0 ? 0 : 1;
}
