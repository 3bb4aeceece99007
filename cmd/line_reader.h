// Lines of an input, counted: one pass, no copy for a line that lies within one piece of it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "cmd/input.h"

namespace trifecta::cmd {

// A line that is longer is no word in any format (1,024 bytes, each escaped as \u00XX in NDJSON,
// are 6 KiB): it is handed over in pieces, so that memory stays flat.
inline constexpr size_t kLineBytesMax = 64 * 1024;

struct Line {
  std::string_view text;  // without its end; of an overlong line the first kLineBytesMax bytes
  uint64_t number = 0;    // from 1
  uint64_t bytes = 0;     // of the whole line
  bool overlong() const { return bytes > kLineBytesMax; }
};

class LineReader {
 public:
  // `terminator` ends a line: '\n' or '\0'. Nothing else is taken off: a word may
  // begin with U+FEFF, the first one too.
  LineReader(Input* input, char terminator) : input_(input), terminator_(terminator) {}

  // The next line, valid until the next call. False at the end, and on a failure: see status().
  bool Next(Line* line);
  const Status& status() const { return status_; }

  // Called with all bytes of an overlong line, piece by piece, before Next gives it; may be empty.
  std::function<void(std::string_view piece)> on_overlong;

 private:
  bool Refill();
  bool NextAcrossPieces(Line* line);
  void Grow(std::string_view bytes);

  Input* const input_;
  const char terminator_;
  std::string_view piece_;  // what is left of the input's last piece
  std::string begun_;       // a line that began in an earlier piece, at most kLineBytesMax of it
  uint64_t begun_bytes_ = 0;
  uint64_t number_ = 0;
  bool started_ = false;
  Status status_;
};

}  // namespace trifecta::cmd
