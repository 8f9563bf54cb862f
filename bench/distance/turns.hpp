// Whose turn it is.
#pragma once

#include <string>
#include <thread>
#include <vector>

#include "../process.hpp"
#include "subject.hpp"

namespace bench {

// Takes the subjects in turn so that never two are busy at once: what is measured has the machine to itself, and the quiets of all of them pass
// together. A quiet that ends while another is busy lasts until that one has its answers.
template <typename Found> void take_turns(std::vector<Subject> &subjects, const std::string &proxy, const std::string &server_port, const Found &found) {
  for (;;) {
    Subject *next = nullptr;
    Subject *fresh = nullptr;
    for (auto &subject : subjects) {
      if (subject.done()) continue;
      if (!subject.started()) {
        if (fresh == nullptr) fresh = &subject;
      } else if (next == nullptr || subject.due() < next->due()) {
        next = &subject;
      }
    }
    if (next == nullptr && fresh == nullptr) return;
    if (fresh != nullptr && (next == nullptr || next->due() > Clock::now())) {
      fresh->start(proxy, server_port);
      next = fresh;
    } else {
      std::this_thread::sleep_until(next->due());
    }
    next->go_on([&](const Step &step, const Moment &moment) { found(*next, step, moment); });
  }
}

} // namespace bench
