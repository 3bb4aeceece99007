// RocksDB: log-structured merge tree; with a bloom filter of 10 bits a key, writes synced.
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include "tests/bench/common/die.h"
#include "tests/bench/common/word_list.h"
#include "tests/bench/engines/engine.h"

namespace trifecta::bench {
namespace {

void Check(const rocksdb::Status& status) {
  if (!status.ok()) Die("rocksdb: " + status.ToString());
}

rocksdb::Slice Slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view View(rocksdb::Slice slice) { return {slice.data(), slice.size()}; }

class RocksDbEngine : public Engine {
 public:
  void Open(const std::string& folder) override {
    rocksdb::BlockBasedTableOptions table;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.block_cache = rocksdb::NewLRUCache(kPeerCacheBytes);
    rocksdb::Options options;
    options.create_if_missing = true;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    rocksdb::DB* db = nullptr;
    Check(rocksdb::DB::Open(options, folder, &db));
    db_.reset(db);
  }

  void Close() override {
    Check(db_->Close());
    db_.reset();
  }

  void Add(std::span<const std::string_view> words, bool) override {
    rocksdb::WriteBatch batch;
    for (const std::string_view word : words) Check(batch.Put(Slice(word), rocksdb::Slice()));
    Check(db_->Write(Synced(), &batch));
  }

  void Delete(std::span<const std::string_view> words) override {
    rocksdb::WriteBatch batch;
    for (const std::string_view word : words) Check(batch.Delete(Slice(word)));
    Check(db_->Write(Synced(), &batch));
  }

  void Compact() override {
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    Check(db_->CompactRange(options, nullptr, nullptr));
  }

  bool Contains(std::string_view word) override {
    const rocksdb::Status status = db_->Get({}, db_->DefaultColumnFamily(), Slice(word), &value_);
    value_.Reset();
    if (!status.IsNotFound()) Check(status);
    return status.ok();
  }

  size_t Complete(std::string_view prefix, size_t limit) override {
    completions_.Clear();
    const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator({}));
    for (at->Seek(Slice(prefix)); at->Valid() && at->key().starts_with(Slice(prefix)); at->Next()) {
      completions_.Add(View(at->key()));
      if (completions_.size() == limit) break;
    }
    return completions_.size();
  }

  std::string_view Completion(size_t i) const override { return completions_[i]; }

  ScanSum Scan() override {
    ScanSum sum;
    const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator({}));
    for (at->SeekToFirst(); at->Valid(); at->Next()) sum.Add(View(at->key()));
    return sum;
  }

 private:
  static rocksdb::WriteOptions Synced() {
    rocksdb::WriteOptions options;
    options.sync = true;
    return options;
  }

  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::PinnableSlice value_;
  PackedWords completions_;
};

}  // namespace

std::unique_ptr<Engine> MakeRocksDb() { return std::make_unique<RocksDbEngine>(); }

}  // namespace trifecta::bench
