// Figures: read from what a measured program prints, and written as Markdown.
#pragma once

#include <cstdio>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

#include "process.hpp"

namespace bench {

using Numbers = std::map<std::string, double>;

inline Numbers numbers_of(const std::string &output) {
  Numbers numbers;
  std::istringstream lines(output);
  std::string name;
  double value = 0;
  while (lines >> name >> value) numbers[name] = value;
  return numbers;
}

inline double at(const Numbers &numbers, const std::string &name) {
  const auto found = numbers.find(name);
  if (found == numbers.end()) fail("a measurement lacks " + name);
  return found->second;
}

inline std::string number(double value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

inline std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

// Thousands apart, as in 12,345.
inline std::string grouped(double value) {
  std::string text = fixed(value, 0);
  for (auto at = static_cast<long>(text.size()) - 3; at > 0; at -= 3) text.insert(static_cast<size_t>(at), ",");
  return text;
}

inline std::string duration(double ns) {
  if (ns < 1e3) return fixed(ns, 0) + " ns";
  if (ns < 1e6) return fixed(ns / 1e3, ns < 1e5 ? 1 : 0) + " µs";
  return fixed(ns / 1e6, ns < 1e8 ? 1 : 0) + " ms";
}

inline void row(const Words &cells) {
  for (const auto &cell : cells) std::cout << "| " << cell << " ";
  std::cout << "|\n";
}

inline void head(const Words &cells) {
  std::cout << "\n";
  row(cells);
  for (size_t i = 0; i < cells.size(); i++) std::cout << (i == 0 ? "|---" : "|---:");
  std::cout << "|\n";
}

} // namespace bench
