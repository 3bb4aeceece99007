// A plain table on standard output: the first column to the left, the others to the right.
#pragma once

#include <string>
#include <vector>

namespace trifecta::bench {

class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  void Print() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "1,234.5" with so many decimals; "-" for a figure that there is none of (negative).
std::string Figure(double value, int decimals = 0);

}  // namespace trifecta::bench
