#include "daemon/inflating_reader.h"

#include <zlib.h>

#include <new>

namespace trifecta::daemon {
namespace {

// zlib's: 15 bits of window, and 16 to read gzip's header and trailer and nothing else.
constexpr int kGzipWindowBits = 15 + 16;

Status Damaged(std::string_view what) {
  return {StatusCode::kInvalidArgument, std::string("the gzip data of the body ").append(what)};
}

}  // namespace

struct InflatingReader::Inflater {
  z_stream stream{};
};

InflatingReader::InflatingReader(net::BodyReader* compressed)
    : compressed_(compressed), inflater_(std::make_unique<Inflater>()) {
  if (inflateInit2(&inflater_->stream, kGzipWindowBits) != Z_OK) throw std::bad_alloc();
}

InflatingReader::~InflatingReader() { inflateEnd(&inflater_->stream); }

Status InflatingReader::Refill() {
  if (ended_ || inflater_->stream.avail_in > 0) return Status::Ok();
  const Result<size_t> read = compressed_->Read(input_);
  if (!read.ok()) return read.status();
  ended_ = *read == 0;
  inflater_->stream.next_in = reinterpret_cast<Bytef*>(input_.data());
  inflater_->stream.avail_in = static_cast<uInt>(*read);
  return Status::Ok();
}

Result<size_t> InflatingReader::Read(std::span<char> buffer) {
  z_stream& stream = inflater_->stream;
  stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
  stream.avail_out = static_cast<uInt>(buffer.size());
  while (stream.avail_out == buffer.size()) {
    TRIFECTA_RETURN_IF_ERROR(Refill());
    if (stream.avail_in == 0 && !in_member_) return size_t{0};
    if (!in_member_) {
      inflateReset(&stream);
      in_member_ = true;
    }
    switch (inflate(&stream, Z_NO_FLUSH)) {
      case Z_OK:
        break;
      case Z_STREAM_END:
        in_member_ = false;
        break;
      case Z_BUF_ERROR:  // no progress without more input
        if (ended_) return Damaged("ends in the middle");
        break;
      case Z_MEM_ERROR:
        return Status(StatusCode::kUnavailable, "no memory to inflate the body");
      default:
        return Damaged("is damaged, or is not gzip");
    }
  }
  return buffer.size() - stream.avail_out;
}

}  // namespace trifecta::daemon
