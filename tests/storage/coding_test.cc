#include "storage/base/coding.h"

#include <cstdint>
#include <limits>
#include <string>

#include "tests/support/catch.h"

namespace trifecta {
namespace {

TEST_CASE("Fixed numbers are little-endian") {
  std::string bytes;
  PutFixed(&bytes, uint32_t{0x01020304});
  PutFixed(&bytes, uint16_t{0xabcd});
  CHECK(bytes == "\x04\x03\x02\x01\xcd\xab");
  Decoder decoder(bytes);
  CHECK(decoder.Fixed<uint32_t>() == 0x01020304);
  CHECK(decoder.Fixed<uint16_t>() == 0xabcd);
  CHECK(decoder.ok());
  CHECK(decoder.empty());
}

TEST_CASE("A varint comes back at every length") {
  for (int bits = 0; bits <= 64; ++bits) {
    const uint64_t top = bits == 64 ? std::numeric_limits<uint64_t>::max() : (uint64_t{1} << bits);
    for (const uint64_t value : {top, top - 1}) {
      std::string bytes;
      PutVarint(&bytes, value);
      CHECK(bytes.size() <= 10);
      Decoder decoder(bytes);
      CHECK(decoder.Varint() == value);
      CHECK(decoder.ok());
      CHECK(decoder.empty());
    }
  }
}

TEST_CASE("A varint of more than 64 bits is refused") {
  const std::string too_long(10, '\xff');
  Decoder too_large(too_long);
  CHECK(too_large.Varint() == 0);
  CHECK_FALSE(too_large.ok());
  const std::string eleven = std::string(10, '\x80') + '\x01';
  Decoder longer(eleven);
  longer.Varint();
  CHECK_FALSE(longer.ok());
}

TEST_CASE("Reading past the end gives nothing and fails for good") {
  std::string bytes;
  PutVarint(&bytes, 300);
  bytes += "abc";
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    Decoder decoder(std::string_view(bytes).substr(0, cut));
    decoder.Varint();
    const auto text = decoder.Bytes(3);
    CHECK(text.empty());
    CHECK_FALSE(decoder.ok());
    CHECK(decoder.Fixed<uint8_t>() == 0);
    CHECK_FALSE(decoder.ok());
  }
}

TEST_CASE("A length that exceeds the bytes is refused, however large") {
  std::string bytes;
  PutVarint(&bytes, std::numeric_limits<uint64_t>::max());
  bytes += "abc";
  Decoder decoder(bytes);
  CHECK(decoder.LengthPrefixed().empty());
  CHECK_FALSE(decoder.ok());
}

TEST_CASE("Length-prefixed bytes come back, empty ones too") {
  std::string bytes;
  for (const std::string_view text : {"", "tri", "fecta"}) {
    PutVarint(&bytes, text.size());
    bytes += text;
  }
  Decoder decoder(bytes);
  CHECK(decoder.LengthPrefixed().empty());
  CHECK(decoder.LengthPrefixed() == "tri");
  CHECK(decoder.rest() ==
        "\x05"
        "fecta");
  CHECK(decoder.LengthPrefixed() == "fecta");
  CHECK(decoder.ok());
}

}  // namespace
}  // namespace trifecta
