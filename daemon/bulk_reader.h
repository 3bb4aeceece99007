// The lines of a bulk request, one after the other, from a body that arrives in pieces.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"
#include "storage/base/status.h"

namespace trifecta::daemon {

enum class BulkFormat {
  kLines,   // text/plain: a word a line
  kNdjson,  // application/x-ndjson: {"word": "..."} a line
};

// The longest line, its end not counted. A word takes at most six times its 1,024 bytes as JSON;
// the rest is room for blanks, and the same as for the body of a single word.
inline constexpr size_t kBulkLineBytesMax = 64 * 1024;

// Lines end with LF or CRLF; the last one may lack its end. Lines without a character are counted
// and skipped. Memory is two buffers of kBulkLineBytesMax, whatever the body's length.
class BulkReader {
 public:
  // `body`, decoded, outlives this.
  BulkReader(net::BodyReader* body, BulkFormat format);

  // Moves to the next line that holds something. False at the end of the body. A status says that
  // the body broke off; what stood in a line without its end is dropped then.
  Result<bool> Next();

  // How many lines there were so far, empty ones included: also the number of this line.
  uint64_t line() const { return line_; }
  // The line's word, until the next call of Next(); it still has to be validated. Only when
  // problem() is ok.
  std::string_view word() const { return word_; }
  // Why the line holds no word: not JSON, or too long.
  const Status& problem() const { return problem_; }

 private:
  // The next line, its end taken off; false at the end of the body.
  Result<bool> NextLine(std::string_view* text);
  // Hands out the first `length` bytes of what is buffered, and drops `dropped` in all.
  void Take(size_t length, size_t dropped, std::string_view* text);
  // Reads more behind what is buffered.
  Status Fill();
  void ParseWord(std::string_view text);

  net::BodyReader* const body_;
  const BulkFormat format_;
  std::vector<char> buffer_;
  size_t begin_ = 0, end_ = 0;  // what of it is unread
  size_t scanned_ = 0;          // unread bytes known to hold no line end
  bool ended_ = false;          // the body has
  bool too_long_ = false;       // the present line exceeds the limit; its front was dropped
  uint64_t line_ = 0;
  std::string_view word_;
  std::string json_word_;  // what word_ looks at for NDJSON
  Status problem_;
};

}  // namespace trifecta::daemon
