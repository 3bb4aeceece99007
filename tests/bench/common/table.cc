#include "tests/bench/common/table.h"

#include <algorithm>
#include <cstdio>

namespace trifecta::bench {

void Table::Print() const {
  std::vector<size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - row[i].size(), ' ');
      line += i == 0 ? row[i] + space : "  " + space + row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    std::printf("%s\n", line.c_str());
  }
  std::fflush(stdout);
}

std::string Figure(double value, int decimals) {
  if (value < 0) return "-";
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  std::string figure = text;
  const size_t end = std::min(figure.find('.'), figure.size());
  for (size_t at = end; at > 3; at -= 3) figure.insert(at - 3, ",");
  return figure;
}

}  // namespace trifecta::bench
