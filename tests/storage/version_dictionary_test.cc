#include "storage/version_dictionary.h"

#include <string>
#include <vector>

#include "storage/base/coding.h"
#include "storage/base_cursor.h"
#include "storage/base_file.h"
#include "storage/base_format.h"
#include "tests/support/catch.h"

namespace trifecta::storage {
namespace {

// Entries of the versions given, under words in order.
class Entries {
 public:
  explicit Entries(const std::vector<Version>& versions) {
    for (size_t i = 0; i < versions.size(); ++i) words_.push_back(std::to_string(10'000'000 + i));
    for (size_t i = 0; i < versions.size(); ++i) entries_.push_back({words_[i], versions[i], 0});
  }
  const std::vector<BaseEntry>& all() const { return entries_; }

 private:
  std::vector<std::string> words_;
  std::vector<BaseEntry> entries_;
};

Version At(const std::string& dictionary, uint32_t code) {
  const char* at = dictionary.data() + code * kVersionBytes;
  return {LoadFixed<uint64_t>(at), LoadFixed<uint16_t>(at + 8)};
}

// Whether every code names its entry's version.
bool IsRight(const VersionDictionary& dictionary, const Entries& entries) {
  const std::string bytes = dictionary.Serialize();
  for (size_t i = 0; i < entries.all().size(); ++i) {
    const uint32_t code = dictionary.CodeOf(i);
    if (code == VersionDictionary::kNoCode) continue;
    if (code >= bytes.size() / kVersionBytes) return false;
    if (At(bytes, code) != entries.all()[i].version) return false;
  }
  return true;
}

size_t Coded(const VersionDictionary& dictionary, const Entries& entries) {
  size_t coded = 0;
  for (size_t i = 0; i < entries.all().size(); ++i) {
    coded += dictionary.CodeOf(i) != VersionDictionary::kNoCode;
  }
  return coded;
}

TEST_CASE("The most frequent versions come first, then the older ones; single ones stay out") {
  const Version often{9, 1}, twice{5, 2}, twice_too{5, 1}, once{1, 1};
  const Entries entries({twice, often, once, twice_too, often, twice, often, twice_too});
  const VersionDictionary dictionary(entries.all());
  const std::string bytes = dictionary.Serialize();
  REQUIRE(bytes.size() == 3 * kVersionBytes);
  CHECK(At(bytes, 0) == often);
  CHECK(At(bytes, 1) == twice_too);
  CHECK(At(bytes, 2) == twice);
  CHECK(IsRight(dictionary, entries));
  CHECK(dictionary.CodeOf(2) == VersionDictionary::kNoCode);
}

TEST_CASE("Where all versions are single ones, the first is in the dictionary") {
  const Entries entries({{3, 1}, {2, 1}, {4, 1}});
  const VersionDictionary dictionary(entries.all());
  REQUIRE(dictionary.Serialize().size() == kVersionBytes);
  CHECK(dictionary.CodeOf(1) == 0);
  CHECK(Coded(dictionary, entries) == 1);
}

TEST_CASE("Entries of ten thousands of writes, mixed as random words are, all have codes") {
  std::vector<Version> versions;
  for (uint64_t i = 0; i < 400'000; ++i) versions.push_back({1'000'000 + i * 7'919 % 80'000, 1});
  const Entries entries(versions);
  const VersionDictionary dictionary(entries.all());
  CHECK(Coded(dictionary, entries) == versions.size());
  CHECK(IsRight(dictionary, entries));

  // And are read as they were.
  const BuiltBaseFile built = BuildBaseFile(1, entries.all());
  const auto file = BaseFile::FromBytes("base", built.bytes);
  REQUIRE(file.ok());
  size_t faults = 0;
  (*file)->Verify([&](uint64_t, const std::string&) { ++faults; });
  CHECK(faults == 0);
  size_t i = 0, wrong = 0;
  BaseCursor cursor(file->get());
  for (cursor.Seek(""); cursor.valid(); cursor.Next(), ++i) {
    wrong += cursor.version() != versions[i];
  }
  CHECK(i == versions.size());
  CHECK(wrong == 0);
}

TEST_CASE("A long dictionary that single versions among its entries make useless is cut short") {
  std::vector<Version> versions;
  for (uint64_t i = 0; i < 200'000; ++i) {
    // Every other one is alone.
    versions.push_back(i % 2 == 0 ? Version{i / 2 % 20'000, 1} : Version{1'000'000 + i, 1});
  }
  const Entries entries(versions);
  const VersionDictionary dictionary(entries.all());
  CHECK(dictionary.Serialize().size() == 4096 * kVersionBytes);
  CHECK(IsRight(dictionary, entries));
}

}  // namespace
}  // namespace trifecta::storage
