#include "cmd/line_reader.h"

#include <algorithm>

namespace trifecta::cmd {
bool LineReader::Next(Line* line) {
  if (!started_) {
    started_ = true;
    if (!Refill()) return false;
  }
  const size_t length = piece_.find(terminator_);
  if (length == std::string_view::npos) return NextAcrossPieces(line);
  if (length > kLineBytesMax) return NextAcrossPieces(line);
  *line = {piece_.substr(0, length), ++number_, length};
  piece_.remove_prefix(length + 1);
  return true;
}

// Gets the next piece; false at the end or on a failure.
bool LineReader::Refill() {
  auto piece = input_->Read();
  if (!piece.ok()) {
    status_ = piece.status();
    return false;
  }
  piece_ = *piece;
  return !piece->empty();
}

void LineReader::Grow(std::string_view bytes) {
  const bool was_overlong = begun_bytes_ > kLineBytesMax;
  const size_t kept = std::min(bytes.size(), kLineBytesMax - begun_.size());
  begun_.append(bytes.substr(0, kept));
  begun_bytes_ += bytes.size();
  if (begun_bytes_ <= kLineBytesMax || !on_overlong) return;
  if (was_overlong) {
    on_overlong(bytes);
  } else {
    on_overlong(begun_);
    on_overlong(bytes.substr(kept));
  }
}

bool LineReader::NextAcrossPieces(Line* line) {
  begun_.clear();
  begun_bytes_ = 0;
  for (;;) {
    const size_t end = piece_.find(terminator_);
    const bool whole = end != std::string_view::npos;
    Grow(piece_.substr(0, end));
    piece_.remove_prefix(whole ? end + 1 : piece_.size());
    if (!whole && Refill()) continue;
    if (!status_.ok()) return false;  // half a line is none
    if (!whole && begun_bytes_ == 0) return false;
    *line = {begun_, ++number_, begun_bytes_};
    return true;
  }
}

}  // namespace trifecta::cmd
