// An immutable file of entries in order, mapped read-only: what a tablet's words are kept in.
// storage/FORMAT.md, "Base file"; made by BuildBaseFile.
//
// A bucketed double array: the trie (storage/double_array.h) leads along the word to a bucket of up
// to 32 front-coded entries, which is walked by comparing shared lengths, mostly without looking at
// the suffixes. The buckets lie in the order of their words, so that a search is one descent, then
// reading on; a scan, a merge and a digest read front to back and never touch the trie.
//
// Opening reads the header alone. The index is checked (CRC-32C) when first used, and each page of
// entries when first touched; a bit a page remembers it. Damage gives kDataDamaged with file and
// offset, at every later touch again, and is never served.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/entry.h"
#include "storage/base/limits.h"
#include "storage/base/status.h"
#include "storage/base_format.h"
#include "storage/double_array.h"
#include "storage/mapped_file.h"
#include "storage/symbol_table.h"

namespace trifecta::storage {

class BaseCursor;
class BaseProbe;

// All const methods from any thread.
class BaseFile {
 public:
  // Maps the file. kDataDamaged when it is shorter or longer than its header says, or the header
  // fails its checks.
  static Result<std::unique_ptr<BaseFile>> Open(const std::string& path);
  // The same over bytes in memory, which must outlive the result; `name` stands for the path.
  static Result<std::unique_ptr<BaseFile>> FromBytes(std::string name, std::string_view bytes);

  // Stands for a file that cannot be opened or is missing: every use gives `why`.
  static std::shared_ptr<const BaseFile> Unreadable(std::string name, Status why);

  const std::string& name() const { return name_; }
  const BaseHeader& header() const { return header_; }
  uint64_t entries() const { return header_.live + header_.tombstones; }
  // Damage was met in it since it was opened: its tablet has to be rebuilt.
  bool damaged() const { return damaged_.load(std::memory_order_relaxed); }

  struct Found {
    bool known = false;
    bool tombstone = false;
    Version version;
  };
  Status Find(std::string_view word, Found* found) const;
  // The same from where a probe of this file has come to its end.
  Status Find(const BaseProbe& probe, Found* found) const;

  // Checks and sets up everything but the entries, once: before probes (storage/base_probe.h).
  Status UseIndex() const {
    if (index_in_use()) [[likely]]
      return Status::Ok();
    return SetUpIndex();
  }
  bool index_in_use() const { return index_ready_.load(std::memory_order_acquire); }

  // Live words below `key`.
  Result<uint64_t> Rank(std::string_view key) const;

  // Checks every page behind the header, those too that passed before: what is copied into another
  // file must not be what the disk or memory has made of a page since. Pages that fail are known as
  // damaged from then on. 10 GB/s.
  Status CheckAgain() const;

  // Reads every byte: checksums, order, counts, and that the trie leads to each bucket. Reports
  // each fault with its offset and goes on where it can.
  void Verify(const std::function<void(uint64_t offset, const std::string& what)>& report) const;

 private:
  friend class BaseCursor;
  friend class BaseProbe;
  friend class BaseReverseCursor;
  friend class BaseSalvage;

  BaseFile() = default;

  static Status Take(const BaseCursor& cursor, Found* found);
  Status ReadHeader();
  Status SetUpIndex() const;
  Status CheckPages(uint64_t begin, uint64_t end) const;
  bool IsPageGood(uint64_t page) const;
  Status Damaged(uint64_t offset, std::string_view what) const;
  const uint8_t* Section(BaseSection section) const {
    return data_ + header_.sections[section].offset;
  }
  uint64_t SectionBytes(BaseSection section) const { return header_.sections[section].bytes; }

  struct Chain {
    uint32_t base;
    std::string_view bytes;
  };
  // False when the chain breaks its bounds.
  bool ReadChain(TrieValue value, Chain* chain) const;
  bool GoodBase(uint32_t base) const { return base < array_.units(); }
  Result<uint64_t> RankAt(uint32_t bucket_offset, unsigned index) const;

  std::string name_;
  std::unique_ptr<MappedFile> mapping_;  // none over bytes in memory
  const uint8_t* data_ = nullptr;
  uint64_t bytes_ = 0;
  BaseHeader header_{};

  Status unreadable_;
  mutable std::atomic<bool> damaged_{false};
  mutable std::mutex set_up_;
  mutable std::atomic<bool> index_ready_{false};
  mutable DoubleArray array_;
  mutable SymbolTable symbols_;
  mutable uint32_t dictionary_size_ = 0;
  mutable std::unique_ptr<std::atomic<uint64_t>[]> checked_pages_;  // a bit a page
};

}  // namespace trifecta::storage
