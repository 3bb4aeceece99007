// Undoes gzip, member after member, and checks each member's checksum and length: libarchive's own
// reader does not, so that damage would be loaded as words.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "storage/base/status.h"

namespace trifecta::cmd {

// Whether a file that begins with these two bytes or more is gzip.
bool LooksLikeGzip(std::string_view begin);

class GzipReader {
 public:
  GzipReader();
  ~GzipReader();

  // Takes bytes from the front of `compressed` and gives what they decode to, valid until the next
  // call; possibly nothing yet. Zeros after the last member are ignored, as gzip does.
  // kDataDamaged when a member is broken, or followed by something else.
  Result<std::string_view> Take(std::string_view* compressed);

  // Ok when the input may end here; kDataDamaged within a member.
  Status CheckEnd() const;

 private:
  struct Stream;
  Status StartMember(std::string_view* compressed);

  const std::unique_ptr<Stream> stream_;
  std::vector<char> output_;
  bool in_member_ = false;
  uint64_t members_ = 0;
  bool padded_ = false;  // nothing but zeros may follow
};

}  // namespace trifecta::cmd
