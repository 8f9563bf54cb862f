// Where the store is and who asks: from the environment, or from a file of `name = value` lines.

#pragma once

#include <paynow_bridge.hpp>

#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

/// What a server owner sets. The API key itself is not among it: it stays in its variable or its file, where only the
/// library reads it.
struct Settings {
  std::string store_id;
  std::string api_base;
  std::string api_key_file;

  /// Reads `path`, if there is such a file, then PAYNOW_STORE_ID, PAYNOW_API_BASE and PAYNOW_API_KEY_FILE, which win.
  /// Answers what is wrong, or an empty text.
  std::string read(const std::string& path) {
    const std::string problem = read_file(path);
    if (!problem.empty()) return problem;
    environment("PAYNOW_STORE_ID", store_id);
    environment("PAYNOW_API_BASE", api_base);
    environment("PAYNOW_API_KEY_FILE", api_key_file);
    if (store_id.empty()) return "no store: set PAYNOW_STORE_ID, or store_id in " + path;
    return {};
  }

  /// Lends the texts to `config`: this object must live until Client::create has returned.
  void lend(paynow::Config& config) const {
    config.store_id = store_id;
    if (!api_base.empty()) config.api_base = api_base;
    if (std::getenv("PAYNOW_API_KEY") != nullptr) {
      config.api_key_env = "PAYNOW_API_KEY";
    } else if (!api_key_file.empty()) {
      config.api_key_file = api_key_file;
    }
  }

 private:
  static void environment(const char* name, std::string& value) {
    if (const char* given = std::getenv(name)) value = given;
  }

  static std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
  }

  std::string read_file(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
      const std::string_view text = trim(line);
      if (text.empty() || text.front() == '#') continue;
      const std::size_t equals = text.find('=');
      std::string* member = nullptr;
      if (equals != std::string_view::npos) {
        const std::string_view name = trim(text.substr(0, equals));
        if (name == "store_id") member = &store_id;
        if (name == "api_base") member = &api_base;
        if (name == "api_key_file") member = &api_key_file;
      }
      // The line is not repeated: it may hold a key that does not belong there.
      if (member == nullptr) {
        return path + ":" + std::to_string(number) + ": not store_id, api_base or api_key_file = value";
      }
      *member = trim(text.substr(equals + 1));
    }
    return {};
  }
};
