// A table of text for a terminal: as wide as it needs to be, or with the columns that matter least
// left out until it fits.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trifecta::cmd {

struct TableColumn {
  std::string header;
  int worth;           // the smallest is left out first; kAlways never
  bool right = false;  // aligned to the right: numbers
  static constexpr int kAlways = 1000;
};

class Table {
 public:
  explicit Table(std::vector<TableColumn> columns) : columns_(std::move(columns)) {}

  // A cell for each column. Cells are UTF-8 without control characters.
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  // The header and the rows, a newline after each; at most `width` columns wide where leaving out
  // columns can make it so.
  std::string Format(size_t width) const;

 private:
  std::vector<size_t> Widths() const;

  const std::vector<TableColumn> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Columns that the text takes, one a character.
size_t TextColumns(std::string_view text);

// `text` broken at blanks into lines of at most `width` columns; the lines after the first begin
// with `indent` blanks. A longer word stays whole.
std::string Wrap(std::string_view text, size_t width, size_t indent = 0);

}  // namespace trifecta::cmd
