// What a node of a cluster is called, and the units that the protocol modules share.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "storage/base/status.h"

namespace trifecta::net {

// A monotonic clock's reading in milliseconds, passed into the protocol modules; only differences
// mean something.
using Millis = uint64_t;

// The short number of a node: part of the versions that it stamps and of its ballots. Given at
// joining and never given again, to whichever node. 0 is no node.
using NodeNumber = uint16_t;
inline constexpr NodeNumber kNoNodeNumber = 0;

// "host:port", where a node listens to its peers. It may change; the id does not.
using Address = std::string;
// A place that fails as a whole (rack, data centre); copies are spread over zones. May be empty.
using Zone = std::string;

// Bounds of text, in bytes. 255 is the longest DNS name; a port, brackets and a colon come to it.
inline constexpr size_t kAddressBytesMax = 255 + 8;
inline constexpr size_t kZoneBytesMax = 255;

// Who a node is: the UUID in its data folder. Clusters are named by one, too. The zero id is
// nobody. Ordered by bytes, which is the order of the text form.
class NodeId {
 public:
  static constexpr size_t kBytes = 16;
  static constexpr size_t kTextBytes = 36;

  constexpr NodeId() = default;
  explicit constexpr NodeId(const std::array<uint8_t, kBytes>& bytes) : bytes_(bytes) {}

  // From "3e0f5b1c-8a52-4c0d-9d0f-6f1f0c6f2a11", in lower case as daemon/node_identity.h writes it.
  static Result<NodeId> Parse(std::string_view text);
  // From exactly kBytes bytes.
  static NodeId FromBytes(std::string_view bytes);

  std::string ToString() const;
  // The 16 bytes, as they stand in messages; valid as long as this id.
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  bool is_zero() const { return *this == NodeId(); }

  auto operator<=>(const NodeId&) const = default;

 private:
  std::array<uint8_t, kBytes> bytes_{};
};

}  // namespace trifecta::net

template <>
struct std::hash<trifecta::net::NodeId> {
  size_t operator()(const trifecta::net::NodeId& id) const noexcept {
    return std::hash<std::string_view>()(id.bytes());
  }
};
