// A request body that arrives gzip-compressed, read as what it was before (RFC 1952).
#pragma once

#include <array>
#include <memory>

#include "net/http.h"

namespace trifecta::daemon {

// Inflates as it is read, in about 100 KB of memory however much a body unpacks to: what it grows
// to is bounded by the reader, who stops reading. A body may hold several members, one after the
// other; anything else after a member, a bad checksum or a missing end is kInvalidArgument.
class InflatingReader : public net::BodyReader {
 public:
  // `compressed` outlives this.
  explicit InflatingReader(net::BodyReader* compressed);
  ~InflatingReader() override;

  Result<size_t> Read(std::span<char> buffer) override;

 private:
  struct Inflater;

  // Makes input available, or finds that there is none.
  Status Refill();
  // Inflates what there is, or finds out why that is impossible.
  void Inflate();

  net::BodyReader* const compressed_;
  const std::unique_ptr<Inflater> inflater_;
  std::array<char, 32 * 1024> input_;
  Status failure_;         // for good
  bool ended_ = false;     // the compressed body has
  bool in_member_ = true;  // a member has begun, or must: an empty body is no gzip file
};

}  // namespace trifecta::daemon
