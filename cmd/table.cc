#include "cmd/table.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

namespace trifecta::cmd {
namespace {

constexpr size_t kGap = 2;  // between columns

void Append(std::string* line, std::string_view cell, size_t width, bool right) {
  const std::string blanks(width - std::min(width, TextColumns(cell)), ' ');
  if (right) line->append(blanks);
  line->append(cell);
  if (!right) line->append(blanks);
}

}  // namespace

size_t TextColumns(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xc0) != 0x80; }));
}

std::string Wrap(std::string_view text, size_t width, size_t indent) {
  std::string wrapped;
  for (size_t column = 0; !text.empty();) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (word.empty()) continue;
    const size_t length = TextColumns(word);
    if (column > indent && column + 1 + length > width) {
      wrapped += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (!wrapped.empty()) {
      wrapped += ' ';
      ++column;
    }
    wrapped += word;
    column += length;
  }
  return wrapped;
}

std::vector<size_t> Table::Widths() const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    widths.push_back(TextColumns(columns_[i].header));
    for (const auto& row : rows_) widths[i] = std::max(widths[i], TextColumns(row[i]));
  }
  return widths;
}

std::string Table::Format(size_t width) const {
  const std::vector<size_t> widths = Widths();
  std::vector<size_t> shown(columns_.size());
  std::iota(shown.begin(), shown.end(), 0);
  const auto total = [&] {
    size_t sum = 0;
    for (const size_t i : shown) sum += widths[i] + kGap;
    return sum - kGap;
  };
  while (total() > width) {
    const auto least = std::min_element(shown.begin(), shown.end(), [&](size_t a, size_t b) {
      return columns_[a].worth < columns_[b].worth;
    });
    if (columns_[*least].worth == TableColumn::kAlways) break;
    shown.erase(least);
  }
  std::string text;
  const auto add_row = [&](const auto& cell_of) {
    std::string line;
    for (const size_t i : shown) {
      if (i != shown.front()) line.append(kGap, ' ');
      Append(&line, cell_of(i), widths[i], columns_[i].right);
    }
    while (line.ends_with(' ')) line.pop_back();
    text += line + "\n";
  };
  add_row([&](size_t i) -> const std::string& { return columns_[i].header; });
  for (const auto& row : rows_) add_row([&](size_t i) -> const std::string& { return row[i]; });
  return text;
}

}  // namespace trifecta::cmd
