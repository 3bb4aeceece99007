#include "storage/base/word.h"

#include <string>
#include <string_view>

#include "storage/base/limits.h"
#include "tests/support/catch.h"

namespace trifecta {
namespace {

TEST_CASE("A word has 1 to 1,024 bytes") {
  CHECK(ValidateWord("a").ok());
  CHECK(ValidateWord(std::string(kWordBytesMax, 'a')).ok());
  CHECK(ValidateWord("").code() == StatusCode::kInvalidWord);
  const Status longer = ValidateWord(std::string(kWordBytesMax + 1, 'a'));
  CHECK(longer.code() == StatusCode::kInvalidWord);
  CHECK(longer.message() == "longer than 1024 bytes (it has 1025)");
}

TEST_CASE("A prefix may be empty, and is otherwise like a word") {
  CHECK(ValidatePrefix("").ok());
  CHECK(ValidatePrefix("tri").ok());
  CHECK_FALSE(ValidatePrefix("tri\n").ok());
  CHECK_FALSE(ValidatePrefix(std::string(kWordBytesMax + 1, 'a')).ok());
}

TEST_CASE("Control characters are refused by name and place, at any alignment") {
  for (int control = 0; control < 0x21; ++control) {
    const char byte = control == 0x20 ? '\x7f' : static_cast<char>(control);
    for (size_t before = 0; before < 20; ++before) {
      const Status status = ValidateWord(std::string(before, 'x') + byte + "yyyyyyyyyyyy");
      CHECK(status.code() == StatusCode::kInvalidWord);
      CHECK(status.message().find("at byte " + std::to_string(before + 1) + " ") !=
            std::string::npos);
    }
  }
  CHECK(ValidateWord(std::string_view("a\0b", 3)).message() ==
        "control character U+0000 at byte 2 (words may not contain control characters)");
}

TEST_CASE("Space, punctuation and C1 controls above U+007F are allowed") {
  CHECK(ValidateWord(" !\"~").ok());
  CHECK(ValidateWord("\xc2\x80").ok());  // U+0080
}

TEST_CASE("The first and last character of each UTF-8 length are words") {
  for (const char* word : {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    CHECK(ValidateWord(word).ok());
    CHECK(ValidateWord(std::string("abcdefg") + word).ok());
  }
}

TEST_CASE("What is not UTF-8 is refused: overlong, surrogate, too large, cut short, stray") {
  for (const char* word :
       {"\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\x80", "\xc2", "\xe2\x82", "\xf0\x90\x80",
        "\xe2\x28\xa1", "\xc2\x41"}) {
    const Status status = ValidateWord(std::string("ok") + word);
    CHECK(status.code() == StatusCode::kInvalidWord);
    CHECK(status.message() == "not valid UTF-8 at byte 3");
  }
}

TEST_CASE("PrefixEnd is the smallest string above all that begin with the prefix") {
  CHECK(PrefixEnd("tri") == "trj");
  CHECK(PrefixEnd("a\xff") == "b");
  CHECK(PrefixEnd("").empty());
  CHECK(PrefixEnd("\xff\xff").empty());
  CHECK(PrefixEnd("\x7f") == "\x80");
}

TEST_CASE(
    "A shard's root is a whole number of characters; shorter words belong to the empty root") {
  CHECK(ShardRoot("trial", 2) == "tr");
  CHECK(ShardRoot("tr", 2) == "tr");
  CHECK(ShardRoot("t", 2).empty());
  CHECK(ShardRoot("", 2).empty());
  CHECK(ShardRoot("trial", 0).empty());
  CHECK(ShardRoot("\xc3\xa9t\xc3\xa9", 2) == "\xc3\xa9t");
  CHECK(ShardRoot("\xe2\x82\xac\xf0\x9f\x98\x80!", 2) == "\xe2\x82\xac\xf0\x9f\x98\x80");
}

}  // namespace
}  // namespace trifecta
