#include "storage/symbol_table.h"

#include <optional>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/entry_sets.h"

namespace trifecta::storage {
namespace {

using test::Random;

std::string Encoded(const SymbolEncoder& encoder, std::string_view text) {
  std::string codes;
  encoder.Encode(text, &codes);
  return codes;
}

// Decodes into room for `most` bytes; nothing when the table refuses.
std::optional<std::string> Decoded(const SymbolTable& table, std::string_view codes, size_t most) {
  std::string room(most + 8, '\0');  // what the contract lets it overwrite
  const char* end = table.Decode(reinterpret_cast<const uint8_t*>(codes.data()), codes.size(),
                                 room.data(), room.data() + most);
  if (end == nullptr) return std::nullopt;
  room.resize(static_cast<size_t>(end - room.data()));
  return room;
}

std::vector<std::string> Texts(uint64_t seed, size_t count) {
  Random random(seed);
  test::WordMaker words(&random);
  std::vector<std::string> texts;
  for (size_t i = 0; i < count; ++i) texts.push_back(words.Word());
  return texts;
}

std::vector<std::string_view> Views(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

TEST_CASE("What was encoded is decoded, for texts that were learnt from and for others") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    const auto learnt = Texts(seed, 300), others = Texts(seed + 1'000, 100);
    const SymbolEncoder encoder(Views(learnt));
    const auto table = SymbolTable::Parse(encoder.Serialize());
    REQUIRE(table.ok());
    for (const auto* texts : {&learnt, &others}) {
      for (const std::string& text : *texts) {
        const std::string codes = Encoded(encoder, text);
        REQUIRE(Decoded(*table, codes, text.size()) == text);
        REQUIRE(Decoded(encoder.table(), codes, 1'024) == text);
      }
    }
  }
}

TEST_CASE("Every byte can be encoded, also where nothing was learnt") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  const SymbolEncoder encoder({});
  CHECK(Decoded(encoder.table(), Encoded(encoder, all), all.size()) == all);
  CHECK(encoder.Serialize() == std::string(1, '\0'));
  CHECK(Encoded(encoder, "").empty());
}

TEST_CASE("Text like the sample shrinks to less than half") {
  std::vector<std::string> urls;
  for (int i = 0; i < 1'000; ++i) {
    urls.push_back("https://www.example.org/articles/" + std::to_string(i * 7'919));
  }
  const SymbolEncoder encoder(Views(urls));
  size_t before = 0, after = 0;
  for (const std::string& url : urls) {
    before += url.size();
    after += Encoded(encoder, url).size();
  }
  CHECK(after * 2 < before);
}

TEST_CASE("A decoder writes no more than it is allowed to, and says so") {
  const auto texts = Texts(5, 200);
  const SymbolEncoder encoder(Views(texts));
  for (const std::string& text : texts) {
    const std::string codes = Encoded(encoder, text);
    for (size_t most = 0; most < text.size(); ++most) {
      REQUIRE(Decoded(encoder.table(), codes, most) == std::nullopt);
    }
  }
}

TEST_CASE("Codes that mean nothing are refused") {
  const SymbolTable none;
  CHECK(Decoded(none, std::string(1, '\0'), 100) == std::nullopt);
  CHECK(Decoded(none, std::string(1, static_cast<char>(kEscape)), 100) == std::nullopt);
  CHECK(Decoded(none, std::string{static_cast<char>(kEscape), 'a'}, 100) == "a");
}

TEST_CASE("A table that breaks its format is refused") {
  const auto code_of = [](std::string_view bytes) {
    return SymbolTable::Parse(bytes).status().code();
  };
  const std::string good = {2, 1, 3, 'a', 'b', 'c', 'd'};
  CHECK(SymbolTable::Parse(good).ok());
  for (size_t size = 0; size < good.size(); ++size) {
    CHECK(code_of(std::string_view(good).substr(0, size)) == StatusCode::kDataDamaged);
  }
  CHECK(code_of(good + "x") == StatusCode::kDataDamaged);
  CHECK(code_of(std::string{1, 0}) == StatusCode::kDataDamaged);
  CHECK(code_of(std::string{1, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9}) == StatusCode::kDataDamaged);
}

}  // namespace
}  // namespace trifecta::storage
