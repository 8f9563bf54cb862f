// What the API was asked, counted from the sandbox's own log.
#pragma once

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "../sandbox.hpp"

namespace bench {

struct Request {
  double at_ms;
  int status; // 0: none was sent
  bool is_look_up, is_create;
  std::string player; // the first digits of the id, of look-ups and creates
};

struct Upstream {
  std::vector<Request> requests;
  unsigned look_ups = 0;  // answered or not, without those refused with 429
  unsigned creates = 0;   // likewise
  unsigned made = 0;      // of them those that made a customer
  unsigned conflicts = 0; // 409
  unsigned limited = 0;   // 429
  unsigned twice = 0;     // players of whom more than one customer was made

  explicit Upstream(Sandbox &sandbox) {
    const std::string log = sandbox.log();
    std::map<std::string, unsigned> made;
    for (size_t from = log.find("{\"seq\":"); from != std::string::npos;) {
      const size_t next = log.find("{\"seq\":", from + 1);
      const std::string entry = log.substr(from, next == std::string::npos ? next : next - from);
      add(entry);
      const Request &request = requests.back();
      if (request.is_create && request.status / 100 == 2 && ++made[request.player] == 2) twice++;
      from = next;
    }
  }

private:
  static double number_of(const std::string &entry, const std::string &name) {
    const size_t at = entry.rfind("\"" + name + "\":");
    return at == std::string::npos ? 0 : std::strtod(entry.c_str() + at + name.size() + 3, nullptr);
  }

  void add(const std::string &entry) {
    Request request{};
    request.at_ms = number_of(entry, "at_ms");
    request.status = static_cast<int>(number_of(entry, "status"));
    request.is_look_up = entry.find("\"operation\":\"lookup_customer\"") != std::string::npos;
    request.is_create = entry.find("\"operation\":\"create_customer\"") != std::string::npos;
    const size_t uuid = entry.find("-0000-4000-8000-");
    if (uuid != std::string::npos && uuid >= 8) request.player = entry.substr(uuid - 8, 8);
    const bool is_limited = request.status == 429;
    limited += is_limited;
    look_ups += request.is_look_up && !is_limited;
    creates += request.is_create && !is_limited;
    made += request.is_create && request.status / 100 == 2;
    conflicts += request.status == 409;
    requests.push_back(request);
  }
};

} // namespace bench
