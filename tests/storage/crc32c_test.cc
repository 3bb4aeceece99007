#include "storage/base/crc32c.h"

#include <string>
#include <string_view>

#include "tests/support/catch.h"

namespace trifecta {
namespace {

TEST_CASE("CRC-32C gives the values of RFC 3720, appendix B.4") {
  CHECK(Crc32c("") == 0);
  CHECK(Crc32c("123456789") == 0xe3069283);
  CHECK(Crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(Crc32c(std::string(32, '\xff')) == 0x62a8ab43);
  std::string ascending, descending;
  for (char i = 0; i < 32; ++i) {
    ascending.push_back(i);
    descending.push_back(static_cast<char>(31 - i));
  }
  CHECK(Crc32c(ascending) == 0x46dd794e);
  CHECK(Crc32c(descending) == 0x113fdb5c);
}

TEST_CASE("A CRC goes on over parts, wherever they are cut") {
  std::string text;
  for (int i = 0; i < 100; ++i) text.push_back(static_cast<char>(i * 37));
  const uint32_t whole = Crc32c(text);
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    const auto view = std::string_view(text);
    CHECK(Crc32c(view.substr(cut), Crc32c(view.substr(0, cut))) == whole);
  }
}

TEST_CASE("One flipped bit changes the CRC") {
  std::string text = "a frame of the log, say";
  const uint32_t right = Crc32c(text);
  for (size_t bit = 0; bit < text.size() * 8; ++bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    CHECK(Crc32c(text) != right);
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
  }
}

}  // namespace
}  // namespace trifecta
