#include "net/node.h"

#include <cassert>
#include <cstring>

#include "storage/base/text.h"

namespace trifecta::net {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

bool DashAt(size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

}  // namespace

Result<NodeId> NodeId::Parse(std::string_view text) {
  const auto invalid = [&] {
    return Status(StatusCode::kInvalidArgument, StrCat("'", text.substr(0, 2 * kTextBytes),
                                                       "' is not a node's id; an id looks like "
                                                       "3e0f5b1c-8a52-4c0d-9d0f-6f1f0c6f2a11"));
  };
  if (text.size() != kTextBytes) return invalid();
  std::array<uint8_t, kBytes> bytes{};
  size_t digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (DashAt(i)) {
      if (text[i] != '-') return invalid();
      continue;
    }
    const size_t digit = kDigits.find(text[i]);
    if (digit == std::string_view::npos) return invalid();
    bytes[digits / 2] = static_cast<uint8_t>(bytes[digits / 2] << 4 | digit);
    ++digits;
  }
  return NodeId(bytes);
}

NodeId NodeId::FromBytes(std::string_view bytes) {
  assert(bytes.size() == kBytes);
  NodeId id;
  std::memcpy(id.bytes_.data(), bytes.data(), kBytes);
  return id;
}

std::string NodeId::ToString() const {
  std::string text;
  text.reserve(kTextBytes);
  for (const uint8_t byte : bytes_) {
    if (DashAt(text.size())) text.push_back('-');
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 0x0f]);
  }
  return text;
}

}  // namespace trifecta::net
