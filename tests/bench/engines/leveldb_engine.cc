// LevelDB: log-structured merge tree; with a bloom filter of 10 bits a key, writes synced.
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>

#include "tests/bench/common/die.h"
#include "tests/bench/common/word_list.h"
#include "tests/bench/engines/engine.h"

namespace trifecta::bench {
namespace {

void Check(const leveldb::Status& status) {
  if (!status.ok()) Die("leveldb: " + status.ToString());
}

leveldb::Slice Slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view View(leveldb::Slice slice) { return {slice.data(), slice.size()}; }

class LevelDbEngine : public Engine {
 public:
  void Open(const std::string& folder) override {
    cache_.reset(leveldb::NewLRUCache(kPeerCacheBytes));
    leveldb::Options options;
    options.create_if_missing = true;
    options.filter_policy = filter_.get();
    options.block_cache = cache_.get();
    options.write_buffer_size = 64u << 20;
    leveldb::DB* db = nullptr;
    Check(leveldb::DB::Open(options, folder, &db));
    db_.reset(db);
  }

  void Close() override {
    db_.reset();
    cache_.reset();
  }

  void Add(std::span<const std::string_view> words, bool) override {
    leveldb::WriteBatch batch;
    for (const std::string_view word : words) batch.Put(Slice(word), leveldb::Slice());
    Check(db_->Write(Synced(), &batch));
  }

  void Delete(std::span<const std::string_view> words) override {
    leveldb::WriteBatch batch;
    for (const std::string_view word : words) batch.Delete(Slice(word));
    Check(db_->Write(Synced(), &batch));
  }

  void Compact() override { db_->CompactRange(nullptr, nullptr); }

  bool Contains(std::string_view word) override {
    const leveldb::Status status = db_->Get({}, Slice(word), &value_);
    if (!status.IsNotFound()) Check(status);
    return status.ok();
  }

  size_t Complete(std::string_view prefix, size_t limit) override {
    completions_.Clear();
    const std::unique_ptr<leveldb::Iterator> at(db_->NewIterator({}));
    for (at->Seek(Slice(prefix)); at->Valid() && at->key().starts_with(Slice(prefix)); at->Next()) {
      completions_.Add(View(at->key()));
      if (completions_.size() == limit) break;
    }
    return completions_.size();
  }

  std::string_view Completion(size_t i) const override { return completions_[i]; }

  ScanSum Scan() override {
    ScanSum sum;
    const std::unique_ptr<leveldb::Iterator> at(db_->NewIterator({}));
    for (at->SeekToFirst(); at->Valid(); at->Next()) sum.Add(View(at->key()));
    return sum;
  }

 private:
  static leveldb::WriteOptions Synced() {
    leveldb::WriteOptions options;
    options.sync = true;
    return options;
  }

  std::unique_ptr<const leveldb::FilterPolicy> filter_{leveldb::NewBloomFilterPolicy(10)};
  std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<leveldb::DB> db_;
  std::string value_;
  PackedWords completions_;
};

}  // namespace

std::unique_ptr<Engine> MakeLevelDb() { return std::make_unique<LevelDbEngine>(); }

}  // namespace trifecta::bench
