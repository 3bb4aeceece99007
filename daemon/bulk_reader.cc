#include "daemon/bulk_reader.h"

#include <cstring>

#include "net/json.h"
#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

// What is asked of the body at once.
constexpr size_t kReadBytes = 64 * 1024;

}  // namespace

BulkReader::BulkReader(net::BodyReader* body, BulkFormat format)
    : body_(body), format_(format), buffer_(kBulkLineBytesMax + kReadBytes) {}

Result<bool> BulkReader::Next() {
  std::string_view text;
  do {
    const Result<bool> more = NextLine(&text);
    if (!more.ok() || !*more) return more;
    ++line_;
  } while (text.empty() && !too_long_);

  if (too_long_) {
    problem_ = Status(StatusCode::kInvalidWord,
                      StrCat("the line is longer than ", kBulkLineBytesMax, " bytes"));
    too_long_ = false;
  } else {
    ParseWord(text);
  }
  return true;
}

void BulkReader::ParseWord(std::string_view text) {
  if (!problem_.ok()) problem_ = Status::Ok();
  if (format_ == BulkFormat::kLines) {
    word_ = text;
    return;
  }
  Result<std::string> word = net::ParseWordObject(text);
  if (word.ok()) {
    json_word_ = std::move(*word);
    word_ = json_word_;
  } else {
    problem_ = word.status();
  }
}

Result<bool> BulkReader::NextLine(std::string_view* text) {
  while (true) {
    const char* unread = buffer_.data() + begin_;
    const size_t size = end_ - begin_;
    const void* newline = std::memchr(unread + scanned_, '\n', size - scanned_);
    if (newline != nullptr) {
      const size_t length = static_cast<const char*>(newline) - unread;
      Take(length, length + 1, text);
      return true;
    }
    if (ended_) {
      if (size == 0 && !too_long_) return false;
      Take(size, size, text);
      return true;
    }
    scanned_ = size;
    // One more for the CR of a line that is just as long as allowed.
    if (size > kBulkLineBytesMax + 1) {
      too_long_ = true;
      begin_ = end_ = scanned_ = 0;
    }
    TRIFECTA_RETURN_IF_ERROR(Fill());
  }
}

void BulkReader::Take(size_t length, size_t dropped, std::string_view* text) {
  *text = {buffer_.data() + begin_, length};
  if (text->ends_with('\r')) text->remove_suffix(1);
  if (text->size() > kBulkLineBytesMax) too_long_ = true;
  begin_ += dropped;
  scanned_ = 0;
}

Status BulkReader::Fill() {
  if (buffer_.size() - end_ < kReadBytes / 2) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const Result<size_t> read = body_->Read({buffer_.data() + end_, buffer_.size() - end_});
  if (!read.ok()) return read.status();
  ended_ = *read == 0;
  end_ += *read;
  return Status::Ok();
}

}  // namespace trifecta::daemon
