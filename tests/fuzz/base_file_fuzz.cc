// Base files whose checksums are right and whose inside is anything: reading ends with answers or
// kDataDamaged, never out of bounds, never without end.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "storage/base_cursor.h"
#include "storage/base_file.h"
#include "storage/base_reverse_cursor.h"
#include "tests/support/base_file_repair.h"

using trifecta::Status;
using trifecta::StatusCode;
using trifecta::storage::BaseCursor;
using trifecta::storage::BaseFile;
using trifecta::storage::BaseHeader;
using trifecta::storage::BaseReverseCursor;
using trifecta::storage::kBasePageBytes;
using trifecta::storage::kSectionCount;
using trifecta::storage::SectionExtent;

namespace {

void Must(bool good) {
  if (!good) std::abort();
}

void MustBeDamage(const Status& status) {
  Must(status.ok() || status.code() == StatusCode::kDataDamaged);
}

// An entry takes a byte at least, and a bucket that the trie leads to can be met again and again
// only as often as there are leaves.
uint64_t StepsMost(const std::string& bytes) { return 300 * (bytes.size() + 1); }

// Forwards, each entry lies behind the one before.
void ScanUp(const BaseFile& file, const std::string& key, uint64_t most) {
  BaseCursor cursor(&file);
  uint64_t steps = 0;
  for (cursor.Seek(key); cursor.valid(); cursor.Next()) {
    Must(cursor.word().size() <= trifecta::kWordBytesMax);
    (void)cursor.version();
    Must(++steps <= most);
  }
  MustBeDamage(cursor.status());
}

void ScanDown(const BaseFile& file, const std::string* key, uint64_t most) {
  BaseReverseCursor cursor(&file);
  uint64_t steps = 0;
  key == nullptr ? cursor.SeekToLast() : cursor.SeekBefore(*key);
  // A damaged trie may lead to the same buckets over and over; a bound is enough.
  for (; cursor.valid() && steps < most; cursor.Next(), ++steps) {
    Must(cursor.word().size() <= trifecta::kWordBytesMax);
    (void)cursor.version();
  }
  MustBeDamage(cursor.status());
}

void LookUp(const BaseFile& file, const std::string& key) {
  BaseFile::Found found;
  MustBeDamage(file.Find(key, &found));
  MustBeDamage(file.Rank(key).status());
}

// The part of a file that a section's bytes, or the header's fields, take up; whole where its
// header says nothing of use.
std::pair<size_t, size_t> PartOf(const uint8_t* file, size_t size, unsigned which) {
  BaseHeader header;
  if (size < kBasePageBytes) return {0, size};
  std::memcpy(&header, file, sizeof header);
  if (which >= kSectionCount) return {0, sizeof header};
  const SectionExtent& section = header.sections[which];
  if (section.offset >= size || section.bytes > size - section.offset || section.bytes == 0) {
    return {0, size};
  }
  return {section.offset, section.bytes};
}

size_t KeySize(const uint8_t* data, size_t size) { return std::min<size_t>(data[0], size - 1); }

}  // namespace

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

// Most of a small file is zeros between its parts: changes one part in its place, and only now and
// then anything.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  constexpr unsigned kAnythingIn = 16;
  if (size == 0 || seed % kAnythingIn == 0) return LLVMFuzzerMutate(data, size, max_size);
  uint8_t* const file = data + 1 + KeySize(data, size);
  const auto [offset, bytes] = PartOf(file, static_cast<size_t>(data + size - file),
                                      seed / kAnythingIn % (kSectionCount + 1));
  if (bytes == 0) return size;
  const size_t left = LLVMFuzzerMutate(file + offset, bytes, bytes);
  std::memset(file + offset + left, 0, bytes - left);
  return size;
}

// The first bytes are a key to look for, the rest is the file.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t key_size = KeySize(data, size);
  const std::string key(reinterpret_cast<const char*>(data) + 1, key_size);
  std::string bytes(reinterpret_cast<const char*>(data) + 1 + key_size, size - 1 - key_size);
  if (!trifecta::test::RepairChecksums(&bytes)) return 0;
  const auto file = BaseFile::FromBytes("base", bytes);
  if (!file.ok()) {
    MustBeDamage(file.status());
    return 0;
  }
  const uint64_t most = StepsMost(bytes);
  LookUp(**file, key);
  LookUp(**file, "");
  ScanUp(**file, "", most);
  ScanUp(**file, key, most);
  ScanDown(**file, nullptr, 10'000);
  ScanDown(**file, &key, 10'000);
  (*file)->Verify([](uint64_t, const std::string&) {});
  return 0;
}
