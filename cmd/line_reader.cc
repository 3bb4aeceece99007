#include "cmd/line_reader.h"

#include <algorithm>
#include <cstring>

namespace trifecta::cmd {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

bool LineReader::Next(Line* line) {
  if (!started_) {
    started_ = true;
    if (!Refill()) return false;
  }
  const void* const end = std::memchr(piece_.data(), terminator_, piece_.size());
  if (end == nullptr) return NextAcrossPieces(line);
  const auto length = static_cast<size_t>(static_cast<const char*>(end) - piece_.data());
  if (length > kLineBytesMax) return NextAcrossPieces(line);
  *line = {piece_.substr(0, length), ++number_, length};
  piece_.remove_prefix(length + 1);
  return true;
}

// Gets the next piece; false at the end or on a failure. The mark is dropped from the first one.
bool LineReader::Refill() {
  auto piece = input_->Read();
  if (!piece.ok()) {
    status_ = piece.status();
    return false;
  }
  piece_ = *piece;
  if (number_ == 0 && begun_bytes_ == 0 && piece_.starts_with(kByteOrderMark)) {
    piece_.remove_prefix(kByteOrderMark.size());
  }
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
    const void* const end = std::memchr(piece_.data(), terminator_, piece_.size());
    const size_t length = end == nullptr
                              ? piece_.size()
                              : static_cast<size_t>(static_cast<const char*>(end) - piece_.data());
    Grow(piece_.substr(0, length));
    piece_.remove_prefix(length + (end == nullptr ? 0 : 1));
    if (end == nullptr && Refill()) continue;
    if (!status_.ok()) return false;  // half a line is none
    if (end == nullptr && begun_bytes_ == 0) return false;
    *line = {begun_, ++number_, begun_bytes_};
    return true;
  }
}

}  // namespace trifecta::cmd
