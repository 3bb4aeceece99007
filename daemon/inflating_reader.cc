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
  if (!failure_.ok()) return failure_;
  z_stream& stream = inflater_->stream;
  stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
  stream.avail_out = static_cast<uInt>(buffer.size());
  while (failure_.ok() && stream.avail_out == buffer.size()) {
    failure_ = Refill();
    if (!failure_.ok() || (stream.avail_in == 0 && !in_member_)) break;
    if (!in_member_) {
      inflateReset(&stream);
      in_member_ = true;
    }
    Inflate();
  }
  const size_t read = buffer.size() - stream.avail_out;
  // What was right before the damage is handed out first, so that where it shows does not depend on
  // the sizes of pieces and buffers.
  if (!failure_.ok() && read == 0) return failure_;
  return read;
}

void InflatingReader::Inflate() {
  switch (inflate(&inflater_->stream, Z_NO_FLUSH)) {
    case Z_OK:
      break;
    case Z_STREAM_END:
      in_member_ = false;
      break;
    case Z_BUF_ERROR:  // no progress without more input
      if (ended_) failure_ = Damaged("ends in the middle");
      break;
    case Z_MEM_ERROR:
      failure_ = Status(StatusCode::kUnavailable, "no memory to inflate the body");
      break;
    default:
      failure_ = Damaged("is damaged, or is not gzip");
  }
}

}  // namespace trifecta::daemon
