#include "storage/base_file.h"

#include <algorithm>
#include <cstring>

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "storage/base/text.h"
#include "storage/base/word.h"
#include "storage/base_cursor.h"

namespace trifecta::storage {

Result<std::unique_ptr<BaseFile>> BaseFile::Open(const std::string& path) {
  Result<std::unique_ptr<MappedFile>> mapping = MappedFile::Open(path);
  if (!mapping.ok()) return mapping.status();
  Result<std::unique_ptr<BaseFile>> file = FromBytes(path, (*mapping)->bytes());
  if (file.ok()) (*file)->mapping_ = std::move(*mapping);
  return file;
}

Result<std::unique_ptr<BaseFile>> BaseFile::FromBytes(std::string name, std::string_view bytes) {
  std::unique_ptr<BaseFile> file(new BaseFile);
  file->name_ = std::move(name);
  file->data_ = reinterpret_cast<const uint8_t*>(bytes.data());
  file->bytes_ = bytes.size();
  TRIFECTA_RETURN_IF_ERROR(file->ReadHeader());
  return file;
}

std::shared_ptr<const BaseFile> BaseFile::Unreadable(std::string name, Status why) {
  std::shared_ptr<BaseFile> file(new BaseFile);
  file->name_ = std::move(name);
  file->unreadable_ = std::move(why);
  file->damaged_.store(true, std::memory_order_relaxed);
  return file;
}

Status BaseFile::Damaged(uint64_t offset, std::string_view what) const {
  damaged_.store(true, std::memory_order_relaxed);
  return {StatusCode::kDataDamaged,
          StrCat(name_, ": at offset ", offset, ": ", what,
                 "; run 'trifecta check' on the data folder, then restore this file from a backup "
                 "or rebuild the node from its replicas")};
}

Status BaseFile::ReadHeader() {
  if (bytes_ < kBasePageBytes) return Damaged(bytes_, "cut short: the header is missing");
  std::memcpy(&header_, data_, sizeof header_);
  if (header_.magic != kBaseMagic) return Damaged(0, "not a base file of Trifecta");
  if (header_.format != kBaseFormat) {
    return Damaged(8,
                   StrCat("format version ", header_.format, ", this program reads ", kBaseFormat));
  }
  std::string page(reinterpret_cast<const char*>(data_), kBasePageBytes);
  StoreFixed<uint32_t>(page.data() + offsetof(BaseHeader, header_crc), 0);
  if (Crc32c(page) != header_.header_crc) return Damaged(0, "the header's checksum does not match");
  if (header_.file_bytes != bytes_) {
    return Damaged(bytes_,
                   StrCat("the file has ", bytes_, " bytes, its header says ", header_.file_bytes));
  }
  uint64_t least = kBasePageBytes;
  for (const SectionExtent& section : header_.sections) {
    if (section.offset < least || section.offset > bytes_ ||
        section.bytes > bytes_ - section.offset) {
      return Damaged(0, "a section lies outside of the file");
    }
    least = section.offset + section.bytes;
  }
  const uint64_t pages = header_.sections[kChecksums].offset / kBasePageBytes;
  const uint64_t units = SectionBytes(kLabels);
  if (header_.sections[kChecksums].offset % kBasePageBytes != 0 ||
      SectionBytes(kChecksums) != (pages - 1) * 4 || units % 256 != 0 ||
      SectionBytes(kValues) != units * 4 || header_.sections[kValues].offset % 4 != 0 ||
      SectionBytes(kEntries) > TrieValue::kPayloadMax ||
      SectionBytes(kRanks) % sizeof(RankSample) != 0 ||
      SectionBytes(kVersions) % kVersionBytes != 0) {
    return Damaged(0, "the header's sections do not fit together");
  }
  checked_pages_ = std::make_unique<std::atomic<uint64_t>[]>(pages / 64 + 1);
  return Status::Ok();
}

Status BaseFile::SetUpIndex() const {
  std::lock_guard lock(set_up_);
  if (index_ready_.load(std::memory_order_relaxed)) return Status::Ok();
  if (!unreadable_.ok()) return unreadable_;
  const SectionExtent& checksums = header_.sections[kChecksums];
  if (Crc32c({reinterpret_cast<const char*>(Section(kChecksums)), checksums.bytes}) !=
      header_.checksums_crc) {
    return Damaged(checksums.offset, "the checksums' own checksum does not match");
  }
  TRIFECTA_RETURN_IF_ERROR(CheckPages(header_.sections[kLabels].offset, checksums.offset));
  Result<SymbolTable> symbols = SymbolTable::Parse(
      {reinterpret_cast<const char*>(Section(kSymbols)), SectionBytes(kSymbols)});
  if (!symbols.ok()) {
    return Damaged(header_.sections[kSymbols].offset, symbols.status().message());
  }
  symbols_ = *symbols;
  dictionary_size_ = static_cast<uint32_t>(SectionBytes(kVersions) / kVersionBytes);
  array_ = DoubleArray(Section(kLabels), reinterpret_cast<const uint32_t*>(Section(kValues)),
                       static_cast<uint32_t>(SectionBytes(kLabels)));
  index_ready_.store(true, std::memory_order_release);
  return Status::Ok();
}

bool BaseFile::IsPageGood(uint64_t page) const {
  const uint8_t* const checksums = Section(kChecksums);
  const std::string_view bytes(reinterpret_cast<const char*>(data_) + page * kBasePageBytes,
                               kBasePageBytes);
  return Crc32c(bytes) == LoadFixed<uint32_t>(checksums + (page - 1) * 4);
}

Status BaseFile::CheckAgain() const {
  TRIFECTA_RETURN_IF_ERROR(UseIndex());
  Status status;
  const uint64_t pages = header_.sections[kChecksums].offset / kBasePageBytes;
  for (uint64_t page = 1; page < pages; ++page) {
    if (IsPageGood(page)) continue;
    checked_pages_[page / 64].fetch_and(~(1ull << (page % 64)), std::memory_order_relaxed);
    if (status.ok()) status = Damaged(page * kBasePageBytes, "a page's checksum does not match");
  }
  return status;
}

Status BaseFile::CheckPages(uint64_t begin, uint64_t end) const {
  end = std::min(end, header_.sections[kChecksums].offset);
  for (uint64_t page = begin / kBasePageBytes; page * kBasePageBytes < end; ++page) {
    std::atomic<uint64_t>& bits = checked_pages_[page / 64];
    const uint64_t bit = 1ull << (page % 64);
    if ((bits.load(std::memory_order_relaxed) & bit) != 0) continue;
    if (!IsPageGood(page)) {
      return Damaged(page * kBasePageBytes, "a page's checksum does not match");
    }
    bits.fetch_or(bit, std::memory_order_relaxed);
  }
  return Status::Ok();
}

bool BaseFile::ReadChain(TrieValue value, Chain* chain) const {
  const uint64_t bytes = SectionBytes(kChains);
  if (value.payload() > bytes) return false;
  Decoder decoder(
      {reinterpret_cast<const char*>(Section(kChains)) + value.payload(), bytes - value.payload()});
  chain->base = decoder.Fixed<uint32_t>();
  chain->bytes = decoder.LengthPrefixed();
  return decoder.ok() && GoodBase(chain->base) && chain->bytes.size() <= kWordBytesMax;
}

Status BaseFile::Find(std::string_view word, Found* found) const {
  *found = {};
  BaseCursor cursor(this);
  cursor.Find(word);
  return Take(cursor, found);
}

Status BaseFile::Find(const BaseProbe& probe, Found* found) const {
  *found = {};
  BaseCursor cursor(this);
  cursor.Find(probe);
  return Take(cursor, found);
}

Status BaseFile::Take(const BaseCursor& cursor, Found* found) {
  if (!cursor.valid()) return cursor.status();
  found->known = true;
  found->tombstone = cursor.tombstone();
  found->version = cursor.version();
  return Status::Ok();
}

Result<uint64_t> BaseFile::Rank(std::string_view key) const {
  BaseCursor cursor(this);
  cursor.Seek(key);
  if (!cursor.valid()) {
    if (!cursor.status().ok()) return cursor.status();
    return header_.live;
  }
  return RankAt(cursor.bucket_.offset, cursor.bucket_.index - 1);
}

Result<uint64_t> BaseFile::RankAt(uint32_t bucket_offset, unsigned index) const {
  const uint64_t sample = bucket_offset / kBasePageBytes;
  if (sample >= SectionBytes(kRanks) / sizeof(RankSample)) {
    return Damaged(header_.sections[kRanks].offset, "a rank is missing");
  }
  const auto rank = LoadFixed<RankSample>(Section(kRanks) + sample * sizeof(RankSample));
  uint64_t live = rank.live;
  BaseCursor walker(this);
  for (uint32_t offset = rank.bucket;;) {
    const bool last = offset == bucket_offset;
    if (offset > bucket_offset) {
      return Damaged(header_.sections[kRanks].offset, "a rank does not point to a bucket");
    }
    if (!walker.CountBucket(&offset, last ? index : kBucketEntriesMax, &live)) {
      return walker.status();
    }
    if (last) return live;
  }
}

void BaseFile::Verify(
    const std::function<void(uint64_t offset, const std::string& what)>& report) const {
  bool pages_good = true;
  for (uint64_t at = kBasePageBytes; at < header_.sections[kChecksums].offset;
       at += kBasePageBytes) {
    if (Status status = CheckPages(at, at + 1); !status.ok()) {
      report(at, "the page's checksum does not match");
      pages_good = false;
    }
  }
  if (Status status = UseIndex(); !status.ok() && pages_good) {
    report(header_.sections[kChecksums].offset, status.message());
    pages_good = false;
  }
  if (!pages_good) return;  // what follows would only repeat it

  uint64_t live = 0, tombstones = 0, buckets = 0;
  std::string before;
  BaseCursor cursor(this);
  for (cursor.Seek(""); cursor.valid(); cursor.Next()) {
    const uint64_t offset = header_.sections[kEntries].offset + cursor.bucket_.offset;
    if (!before.empty() && cursor.word() <= before) report(offset, "words out of order");
    if (!ValidateWord(cursor.word()).ok()) report(offset, "a word that breaks the rules of words");
    if (const uint64_t time = cursor.version().time;
        time < header_.min_time || time > header_.max_time) {
      report(offset, "a version outside of those that the header names");
    }
    if (cursor.bucket_.index == 1) {
      ++buckets;
      const Result<uint64_t> rank = RankAt(cursor.bucket_.offset, 0);
      if (!rank.ok() || *rank != live) report(offset, "the ranks miscount the words before it");
    }
    before = cursor.word();
    ++(cursor.tombstone() ? tombstones : live);
    Found found;
    if (Status status = Find(before, &found); !status.ok() || !found.known) {
      report(offset, "the index does not lead to a word that is there");
    }
  }
  if (!cursor.status().ok()) {
    report(header_.sections[kEntries].offset + cursor.bucket_.offset, cursor.status().message());
  } else if (live != header_.live || tombstones != header_.tombstones ||
             buckets != header_.buckets) {
    report(0, StrCat("the header counts ", header_.live, " live words, ", header_.tombstones,
                     " tombstones and ", header_.buckets, " buckets, the file holds ", live, ", ",
                     tombstones, " and ", buckets));
  }
}

}  // namespace trifecta::storage
