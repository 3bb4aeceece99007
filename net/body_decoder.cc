#include "net/body_decoder.h"

#include <algorithm>

#include "net/limits.h"

namespace trifecta::net {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// A chunk of 2^59 bytes is no chunk; below it, a further digit cannot overflow.
constexpr uint64_t kChunkBytesMax = uint64_t{1} << 59;

}  // namespace

void BodyDecoder::StartLength(uint64_t length) {
  *this = BodyDecoder();
  left_ = length;
  state_ = length > 0 ? State::kMore : State::kDone;
}

void BodyDecoder::StartChunked() {
  *this = BodyDecoder();
  chunked_ = true;
  part_ = Part::kSize;
  state_ = State::kMore;
}

std::string_view BodyDecoder::Next(std::string_view* bytes, size_t max) {
  while (state_ == State::kMore && !bytes->empty() && max > 0) {
    if (part_ == Part::kData) {
      const size_t count = std::min<uint64_t>({left_, bytes->size(), max});
      const std::string_view piece = bytes->substr(0, count);
      bytes->remove_prefix(count);
      Received(count);
      return piece;
    }
    TakeFraming(bytes->front());
    bytes->remove_prefix(1);
  }
  return {};
}

void BodyDecoder::Received(uint64_t count) {
  left_ -= count;
  if (left_ > 0) return;
  if (chunked_) {
    part_ = Part::kDataCr;
  } else {
    state_ = State::kDone;
  }
}

void BodyDecoder::TakeFraming(char c) {
  switch (part_) {
    case Part::kSize:
    case Part::kExtension:
      if (!TakeSize(c)) state_ = State::kBad;
      return;
    case Part::kSizeLf:
      Expect(c, '\n', Part::kData);
      if (state_ == State::kMore) BeginChunk();
      return;
    case Part::kDataCr:
      return Expect(c, '\r', Part::kDataLf);
    case Part::kDataLf:
      framing_ = 0;
      return Expect(c, '\n', Part::kSize);
    case Part::kTrailer:
      return TakeTrailer(c);
    case Part::kEndLf:
      state_ = c == '\n' ? State::kDone : State::kBad;
      return;
    case Part::kData:
      return;
  }
}

// SIZE [;EXTENSION] CR, the size in one hexadecimal digit or more. False when it is anything else.
bool BodyDecoder::TakeSize(char c) {
  if (++framing_ > kChunkLineBytesMax) return false;
  if (c == '\r') {
    part_ = Part::kSizeLf;
    return framing_ > 1;
  }
  if (part_ == Part::kExtension) return static_cast<unsigned char>(c) >= 0x20 || c == '\t';
  if (c == ';') {
    part_ = Part::kExtension;
    return framing_ > 1;
  }
  const int digit = HexDigit(c);
  if (digit < 0 || left_ >= kChunkBytesMax) return false;
  left_ = left_ << 4 | static_cast<uint64_t>(digit);
  return true;
}

void BodyDecoder::BeginChunk() {
  framing_ = 0;
  if (left_ == 0) part_ = Part::kTrailer;
}

// Lines up to an empty one.
void BodyDecoder::TakeTrailer(char c) {
  if (++framing_ > kTrailerBytesMax || (c == '\n') != (previous_ == '\r')) {
    state_ = State::kBad;
  } else if (c == '\r') {
    if (line_empty_) part_ = Part::kEndLf;
  } else {
    line_empty_ = c == '\n';
  }
  previous_ = c;
}

void BodyDecoder::Expect(char c, char expected, Part next) {
  if (c != expected) state_ = State::kBad;
  part_ = next;
}

}  // namespace trifecta::net
