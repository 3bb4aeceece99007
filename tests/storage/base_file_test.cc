#include "storage/base_file.h"

#include <cstring>
#include <string>
#include <vector>

#include "storage/base_cursor.h"
#include "storage/base_file_builder.h"
#include "tests/support/base_file_repair.h"
#include "tests/support/catch.h"
#include "tests/support/entry_sets.h"
#include "tests/support/fault_table.h"
#include "tests/support/sanitizers.h"

namespace trifecta::storage {
namespace {

using test::BaseEntriesOf;
using test::EntryMap;
using test::Probes;
using test::Random;
using test::RandomEntries;
using test::RankIn;

// A base file in memory and what it should hold.
struct Built {
  explicit Built(const EntryMap& held) : Built(BuildBaseFile(7, BaseEntriesOf(held)).bytes) {}
  explicit Built(std::string file_bytes) : bytes(std::move(file_bytes)) {
    auto opened = BaseFile::FromBytes("base", bytes);
    INFO(opened.status().ToString());
    REQUIRE(opened.ok());
    file = std::move(*opened);
  }
  std::string bytes;
  std::unique_ptr<BaseFile> file;
};

std::vector<std::string> FaultsOf(const BaseFile& file) {
  std::vector<std::string> faults;
  file.Verify([&](uint64_t offset, const std::string& what) {
    faults.push_back(std::to_string(offset) + ": " + what);
  });
  return faults;
}

// Every entry, in order, with version and kind; "" where they are those of `entries`.
std::string ScanDifference(const BaseFile& file, const EntryMap& entries) {
  auto expected = entries.begin();
  BaseCursor cursor(&file);
  for (cursor.Seek(""); cursor.valid(); cursor.Next(), ++expected) {
    if (expected == entries.end()) return "a word too many: " + std::string(cursor.word());
    if (cursor.word() != expected->first) {
      return std::string(cursor.word()) + " where " + expected->first + " is expected";
    }
    if (cursor.version() != expected->second.version) return "a wrong version: " + expected->first;
    if (cursor.tombstone() != expected->second.tombstone) return "wrong kind: " + expected->first;
  }
  if (!cursor.status().ok()) return cursor.status().ToString();
  return expected == entries.end() ? "" : "a word is missing: " + expected->first;
}

std::string LookupDifference(const BaseFile& file, const EntryMap& entries,
                             const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    BaseFile::Found found;
    if (Status status = file.Find(word, &found); !status.ok()) return status.ToString();
    const auto expected = entries.find(word);
    if (found.known != (expected != entries.end())) return "wrong answer for " + word;
    if (!found.known) continue;
    if (found.version != expected->second.version ||
        found.tombstone != expected->second.tombstone) {
      return "wrong entry of " + word;
    }
  }
  return "";
}

std::string RankDifference(const BaseFile& file, const EntryMap& entries,
                           const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    const Result<uint64_t> rank = file.Rank(key);
    if (!rank.ok()) return rank.status().ToString();
    if (*rank != RankIn(entries, key)) return "wrong rank of " + key;
  }
  return "";
}

TEST_CASE("A base file holds what it was made from, whatever the words and versions") {
  constexpr uint64_t kSeeds = test::Seeds(1500);
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const EntryMap entries = RandomEntries(&random, 1 + test::Below(&random, 400));
    const Built built(entries);
    const auto probes = Probes(&random, entries, 60);
    REQUIRE(ScanDifference(*built.file, entries) == "");
    std::vector<std::string> words = probes;
    for (const auto& [word, stored] : entries) words.push_back(word);
    REQUIRE(LookupDifference(*built.file, entries, words) == "");
    REQUIRE(RankDifference(*built.file, entries, probes) == "");
    REQUIRE(FaultsOf(*built.file) == std::vector<std::string>());
  }
}

TEST_CASE("A large base file, with a deep trie and many pages, holds what it was made from") {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    EntryMap entries;
    for (int part = 0; part < 20; ++part) entries.merge(RandomEntries(&random, 2'000));
    const Built built(entries);
    REQUIRE(ScanDifference(*built.file, entries) == "");
    const auto probes = Probes(&random, entries, 300);
    REQUIRE(LookupDifference(*built.file, entries, probes) == "");
    REQUIRE(RankDifference(*built.file, entries, probes) == "");
    REQUIRE(FaultsOf(*built.file) == std::vector<std::string>());
  }
}

TEST_CASE("One word makes a base file, short or long, live or deleted") {
  for (const std::string& word :
       {std::string("a"), std::string("\xf4\x8f\xbf\xbf"), std::string(kWordBytesMax, 'w')}) {
    for (bool tombstone : {false, true}) {
      const EntryMap entries = {{word, {{5, 6}, tombstone}}};
      const Built built(entries);
      CHECK(ScanDifference(*built.file, entries) == "");
      CHECK(LookupDifference(*built.file, entries, {word, "", "b", word + "x"}) == "");
      CHECK(built.file->header().live == (tombstone ? 0 : 1));
      CHECK(built.file->header().tombstones == (tombstone ? 1 : 0));
    }
  }
}

TEST_CASE("Words of 1,024 bytes that differ in their last bytes are told apart") {
  EntryMap entries;
  for (char a = 'a'; a <= 'z'; ++a) {
    for (char b = 'a'; b <= 'z'; ++b) {
      entries[std::string(kWordBytesMax - 2, 'x') + a + b] = {{1, 1}, false};
    }
  }
  const Built built(entries);
  CHECK(ScanDifference(*built.file, entries) == "");
  Random random(1);
  const auto probes = Probes(&random, entries, 200);
  CHECK(LookupDifference(*built.file, entries, probes) == "");
  CHECK(RankDifference(*built.file, entries, probes) == "");
}

TEST_CASE("A word and all its beginnings, each a word, lie in order") {
  EntryMap entries;
  std::string word;
  for (size_t i = 0; i < kWordBytesMax; ++i) {
    word += "ab"[i % 2];
    entries[word] = {{i, 1}, i % 3 == 0};
  }
  const Built built(entries);
  CHECK(ScanDifference(*built.file, entries) == "");
  CHECK(FaultsOf(*built.file) == std::vector<std::string>());
}

TEST_CASE("The same entries make the same bytes") {
  Random random(3);
  const EntryMap entries = RandomEntries(&random, 500);
  CHECK(BuildBaseFile(9, BaseEntriesOf(entries)).bytes ==
        BuildBaseFile(9, BaseEntriesOf(entries)).bytes);
}

TEST_CASE("Each way to store versions comes back exactly") {
  const auto with_versions = [](auto version_of) {
    EntryMap entries;
    for (uint64_t i = 0; i < 9'000; ++i) {
      entries["word" + std::to_string(1'000'000 + i)] = {version_of(i), false};
    }
    const Built built(entries);
    return ScanDifference(*built.file, entries);
  };
  SECTION("one for all") {
    CHECK(with_versions([](uint64_t) { return Version{1ull << 63, 65'535}; }) == "");
  }
  SECTION("one a bucket") {
    CHECK(with_versions([](uint64_t i) { return Version{i / 500, 2}; }) == "");
  }
  SECTION("codes of one byte") {
    CHECK(with_versions([](uint64_t i) { return Version{i % 200, 1}; }) == "");
  }
  SECTION("codes of two bytes") {
    CHECK(with_versions([](uint64_t i) { return Version{i % 3'000, 1}; }) == "");
  }
  SECTION("more often used ones than the dictionary takes") {
    CHECK(with_versions([](uint64_t i) { return Version{i % 4'500, 1}; }) == "");
  }
  SECTION("each its own, in every width") {
    for (unsigned bits = 0; bits < 64; bits += 7) {
      CHECK(with_versions([&](uint64_t i) {
              return Version{i == 0 ? 0 : (1ull << bits) + i, static_cast<uint16_t>(i)};
            }) == "");
    }
    CHECK(with_versions([](uint64_t i) { return Version{UINT64_MAX - i * i, 1}; }) == "");
  }
}

TEST_CASE("A flipped bit of a base file is found when touched, or harmless; never a wrong word",
          "[faults]") {
  Random random(11);
  EntryMap entries = RandomEntries(&random, 60);
  const std::string good = BuildBaseFile(7, BaseEntriesOf(entries)).bytes;
  const auto probes = Probes(&random, entries, 8);
  size_t undetected = 0;
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    // Every bit of what the file says; of the zeros between, every bit of some bytes.
    if (good[bit / 8] == 0 && bit / 8 % 29 != 0) continue;
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    const auto file = BaseFile::FromBytes("base", bytes);
    test::CountFault(test::Fault::kBaseByte);
    if (!file.ok()) {
      if (file.status().code() != StatusCode::kDataDamaged) FAIL("bit " << bit);
      continue;
    }
    const bool seen = !FaultsOf(**file).empty();
    if (!seen) ++undetected;
    const auto harmless = [&](const std::string& difference) {
      return difference.empty() || (seen && difference.starts_with("data damaged: base: at "));
    };
    if (!harmless(ScanDifference(**file, entries)) ||
        !harmless(LookupDifference(**file, entries, probes)) ||
        !harmless(RankDifference(**file, entries, probes))) {
      FAIL("bit " << bit << ": " << ScanDifference(**file, entries));
    }
  }
  CHECK(undetected == 0);
}

TEST_CASE("A base file that was cut or has grown is refused, with its name and an offset",
          "[faults]") {
  Random random(12);
  const std::string good = BuildBaseFile(7, BaseEntriesOf(RandomEntries(&random, 100))).bytes;
  for (size_t size = 0; size < good.size(); size += size < kBasePageBytes ? 97 : 501) {
    const Status status = BaseFile::FromBytes("base", good.substr(0, size)).status();
    REQUIRE(status.code() == StatusCode::kDataDamaged);
    CHECK(status.message().starts_with("base: at offset "));
    test::CountFault(test::Fault::kCut);
  }
  CHECK(BaseFile::FromBytes("base", good + '\0').status().code() == StatusCode::kDataDamaged);
}

TEST_CASE("A damaged page of entries spoils its own words and no others") {
  EntryMap entries;
  for (uint64_t i = 0; i < 20'000; ++i) {
    entries["w" + std::to_string(i * 7'919 % 1'000'003)] = {{i, 1}, false};
  }
  Built built(entries);
  const uint64_t begin = built.file->header().sections[kEntries].offset;
  const uint64_t pages = built.file->header().sections[kEntries].bytes / kBasePageBytes;
  REQUIRE(pages >= 5);
  const uint64_t damaged = begin + 2 * kBasePageBytes;
  built.bytes[damaged + 100] = static_cast<char>(~built.bytes[damaged + 100]);
  size_t good = 0, refused = 0;
  for (const auto& [word, stored] : entries) {
    BaseFile::Found found;
    const Status status = built.file->Find(word, &found);
    if (status.ok()) {
      ++good;
      if (!found.known || found.version != stored.version) FAIL(word);
    } else {
      ++refused;
      if (status.message().find("at offset " + std::to_string(damaged)) == std::string::npos) {
        FAIL(status.message());
      }
    }
  }
  CHECK(refused > 0);
  CHECK(refused < entries.size() * 2 / pages);
  CHECK(good > 0);
  const auto faults = FaultsOf(*built.file);
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].starts_with(std::to_string(damaged) + ": "));
}

// A file of three words whose last entry, a tombstone, is followed by what `more` says, under
// checksums that are right: what a defective or newer program might write.
struct Crafted {
  explicit Crafted(uint8_t flags, std::string_view more = "") {
    const BaseEntry entries[] = {
        {"trial", {5, 1}, 0}, {"triathlon", {5, 1}, 0}, {"tribe", {5, 1}, kTombstone}};
    bytes = BuildBaseFile(7, entries).bytes;
    std::memcpy(&header, bytes.data(), sizeof header);
    SectionExtent& extent = header.sections[kEntries];
    // Lengths, flags, two codes: the suffix "be".
    const size_t last = extent.offset + extent.bytes - 4;
    REQUIRE(bytes[last + 1] == kTombstone);
    bytes[last + 1] = static_cast<char>(flags);
    bytes.replace(last + 4, more.size(), more);
    extent.bytes += more.size();
    Seal();
  }
  void Seal() {
    std::memcpy(bytes.data(), &header, sizeof header);
    REQUIRE(test::RepairChecksums(&bytes));
  }
  std::vector<std::string> Faults() const { return FaultsOf(*Built(bytes).file); }

  BaseHeader header;
  std::string bytes;
};

TEST_CASE("A value behind an entry is stepped over: room for a later format") {
  const Crafted crafted(kTombstone | kHasValue, std::string_view("\x03"
                                                                 "abc",
                                                                 4));
  const EntryMap entries = {
      {"trial", {{5, 1}, false}}, {"triathlon", {{5, 1}, false}}, {"tribe", {{5, 1}, true}}};
  CHECK(ScanDifference(*Built(crafted.bytes).file, entries) == "");
  CHECK(crafted.Faults() == std::vector<std::string>());
}

TEST_CASE("An entry with flags that are not known is refused") {
  const Crafted crafted(kTombstone | 4);
  const Built built(crafted.bytes);
  BaseFile::Found found;
  const Status status = built.file->Find("tribe", &found);
  CHECK(status.code() == StatusCode::kDataDamaged);
  CHECK(status.message().find("flags") != std::string::npos);
}

TEST_CASE("Verify finds what checksums cannot: a writer's mistakes") {
  Crafted good(kTombstone);
  CHECK(good.Faults() == std::vector<std::string>());
  SECTION("words out of order") {
    const size_t codes =
        good.header.sections[kEntries].offset + good.header.sections[kEntries].bytes - 2;
    std::swap(good.bytes[codes], good.bytes[codes + 1]);
    good.Seal();
    CHECK(FaultsOf(*Built(good.bytes).file).empty());    // "trieb": another word, still in order
    good.bytes[codes] = good.bytes[codes + 1] = '\x02';  // "triaa"
    good.Seal();
    CHECK_FALSE(good.Faults().empty());
  }
  SECTION("miscounts") {
    ++good.header.live;
    good.Seal();
    CHECK(good.Faults().size() == 1);
  }
  SECTION("a rank that is wrong") {
    ++good.bytes[good.header.sections[kRanks].offset + 4];
    good.Seal();
    CHECK(good.Faults().size() == 1);
  }
  SECTION("a version out of bounds") {
    good.header.max_time = 4;
    good.Seal();
    CHECK(good.Faults().size() == 3);
  }
  SECTION("an index that leads nowhere") {
    good.header.root = TrieValue::Node(0).raw();
    good.Seal();
    CHECK_FALSE(good.Faults().empty());
  }
}

}  // namespace
}  // namespace trifecta::storage
