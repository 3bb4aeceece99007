// Little-endian fixed and varint encoding over byte strings and spans: the only way bytes get in
// and out of files and messages.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace trifecta {

static_assert(std::endian::native == std::endian::little, "the formats are little-endian");

template <typename T>
inline T LoadFixed(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
template <typename T>
inline void StoreFixed(void* to, T value) {
  std::memcpy(to, &value, sizeof value);
}
template <typename T>
inline void PutFixed(std::string* to, T value) {
  to->append(reinterpret_cast<const char*>(&value), sizeof value);
}

// LEB128: seven bits a byte, low ones first; at most 10 bytes.
inline void PutVarint(std::string* to, uint64_t value) {
  while (value >= 0x80) {
    to->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  to->push_back(static_cast<char>(value));
}

// Reads fields one after the other from bytes that may be damaged. A read past the end gives
// nothing and makes ok() false for good, so that a parser checks once, after its last field.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool empty() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  template <typename T>
  T Fixed() {
    if (rest_.size() < sizeof(T)) return Fail<T>();
    T value = LoadFixed<T>(rest_.data());
    rest_.remove_prefix(sizeof(T));
    return value;
  }

  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      if (shift == 63 && byte > 1) break;
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return Fail<uint64_t>();
  }

  std::string_view Bytes(uint64_t length) {
    if (length > rest_.size()) return Fail<std::string_view>();
    std::string_view bytes = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return bytes;
  }

  std::string_view LengthPrefixed() { return Bytes(Varint()); }

 private:
  template <typename T>
  T Fail() {
    ok_ = false;
    rest_ = {};
    return T{};
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace trifecta
