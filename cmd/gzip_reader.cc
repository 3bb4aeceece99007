#include "cmd/gzip_reader.h"

#include <zlib.h>

#include <algorithm>
#include <string>

#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

constexpr size_t kOutputBytes = 256 * 1024;
// zlib's window, with gzip's header and checks.
constexpr int kWindowBits = 15 + 16;
constexpr char kFirstMagic = '\x1f';

}  // namespace

struct GzipReader::Stream {
  z_stream z = {};
};

bool LooksLikeGzip(std::string_view begin) { return begin.starts_with("\x1f\x8b"); }

GzipReader::GzipReader() : stream_(std::make_unique<Stream>()), output_(kOutputBytes) {
  inflateInit2(&stream_->z, kWindowBits);
}

GzipReader::~GzipReader() { inflateEnd(&stream_->z); }

// A member's first byte is enough: its header is zlib's to judge. Zeros are the padding of a tape.
Status GzipReader::StartMember(std::string_view* compressed) {
  if (in_member_) return Status::Ok();
  const size_t padding = std::min(compressed->find_first_not_of('\0'), compressed->size());
  padded_ |= members_ > 0 && padding > 0;
  if (members_ > 0) compressed->remove_prefix(padding);
  if (compressed->empty()) return Status::Ok();
  if (padded_ || compressed->front() != kFirstMagic) {
    return {StatusCode::kDataDamaged, "damaged gzip input (its end is followed by something else)"};
  }
  inflateReset(&stream_->z);
  in_member_ = true;
  ++members_;
  return Status::Ok();
}

Result<std::string_view> GzipReader::Take(std::string_view* compressed) {
  TRIFECTA_RETURN_IF_ERROR(StartMember(compressed));
  if (compressed->empty()) return std::string_view();
  z_stream& z = stream_->z;
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed->data()));
  z.avail_in = static_cast<uInt>(compressed->size());
  z.next_out = reinterpret_cast<Bytef*>(output_.data());
  z.avail_out = static_cast<uInt>(output_.size());
  const int result = inflate(&z, Z_NO_FLUSH);
  compressed->remove_prefix(compressed->size() - z.avail_in);
  if (result == Z_STREAM_END) {
    in_member_ = false;
  } else if (result != Z_OK && result != Z_BUF_ERROR) {
    return Status(StatusCode::kDataDamaged,
                  StrCat("damaged gzip input (", z.msg == nullptr ? "no memory" : z.msg, ")"));
  }
  return std::string_view(output_.data(), output_.size() - z.avail_out);
}

Status GzipReader::CheckEnd() const {
  if (!in_member_) return Status::Ok();
  return {StatusCode::kDataDamaged, "truncated gzip input"};
}

}  // namespace trifecta::cmd
