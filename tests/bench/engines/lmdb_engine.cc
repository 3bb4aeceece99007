// LMDB: a copy-on-write B+tree in one mapped file, every commit synced. Lookups renew one read
// transaction each, as a reader must that wants to see the newest commit.
#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/bench/common/die.h"
#include "tests/bench/common/word_list.h"
#include "tests/bench/engines/engine.h"

namespace trifecta::bench {
namespace {

// Address space, not memory: more than any data set takes.
constexpr size_t kMapBytes = 64ull << 30;

void Check(int error) {
  if (error != MDB_SUCCESS) Die(std::string("lmdb: ") + mdb_strerror(error));
}

MDB_val Value(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }

std::string_view View(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

class LmdbEngine : public Engine {
 public:
  void Open(const std::string& folder) override {
    folder_ = folder;
    Check(mdb_env_create(&environment_));
    Check(mdb_env_set_mapsize(environment_, kMapBytes));
    Check(mdb_env_open(environment_, folder.c_str(), 0, 0640));
    MDB_txn* transaction = nullptr;
    Check(mdb_txn_begin(environment_, nullptr, 0, &transaction));
    Check(mdb_dbi_open(transaction, nullptr, 0, &words_));
    Check(mdb_txn_commit(transaction));
    Check(mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &reader_));
    Check(mdb_cursor_open(reader_, words_, &cursor_));
    mdb_txn_reset(reader_);
  }

  void Close() override {
    mdb_cursor_close(cursor_);
    mdb_txn_abort(reader_);
    mdb_env_close(environment_);
  }

  void Add(std::span<const std::string_view> words, bool sorted) override {
    MDB_txn* transaction = nullptr;
    Check(mdb_txn_begin(environment_, nullptr, 0, &transaction));
    MDB_val nothing{0, nullptr};
    for (const std::string_view word : words) {
      MDB_val key = Value(word);
      Check(mdb_put(transaction, words_, &key, &nothing, sorted ? MDB_APPEND : 0));
    }
    Check(mdb_txn_commit(transaction));
  }

  void Delete(std::span<const std::string_view> words) override {
    MDB_txn* transaction = nullptr;
    Check(mdb_txn_begin(environment_, nullptr, 0, &transaction));
    for (const std::string_view word : words) {
      MDB_val key = Value(word);
      Check(mdb_del(transaction, words_, &key, nullptr));
    }
    Check(mdb_txn_commit(transaction));
  }

  void Compact() override {
    const std::string copy = folder_ + "/copy";
    const std::string data = folder_ + "/data.mdb";
    std::filesystem::create_directory(copy);
    Check(mdb_env_copy2(environment_, copy.c_str(), MDB_CP_COMPACT));
    Close();
    std::filesystem::rename(copy + "/data.mdb", data);
    std::filesystem::remove_all(copy);
    Open(folder_);
  }

  bool Contains(std::string_view word) override {
    Check(mdb_txn_renew(reader_));
    MDB_val key = Value(word), value;
    const int error = mdb_get(reader_, words_, &key, &value);
    mdb_txn_reset(reader_);
    if (error != MDB_NOTFOUND) Check(error);
    return error == MDB_SUCCESS;
  }

  size_t Complete(std::string_view prefix, size_t limit) override {
    completions_.Clear();
    Check(mdb_txn_renew(reader_));
    Check(mdb_cursor_renew(reader_, cursor_));
    MDB_val key = Value(prefix), value;
    int error = mdb_cursor_get(cursor_, &key, &value, MDB_SET_RANGE);
    while (error == MDB_SUCCESS && View(key).starts_with(prefix)) {
      completions_.Add(View(key));
      if (completions_.size() == limit) break;
      error = mdb_cursor_get(cursor_, &key, &value, MDB_NEXT);
    }
    mdb_txn_reset(reader_);
    return completions_.size();
  }

  std::string_view Completion(size_t i) const override { return completions_[i]; }

  ScanSum Scan() override {
    ScanSum sum;
    Check(mdb_txn_renew(reader_));
    Check(mdb_cursor_renew(reader_, cursor_));
    MDB_val key, value;
    while (mdb_cursor_get(cursor_, &key, &value, MDB_NEXT) == MDB_SUCCESS) sum.Add(View(key));
    mdb_txn_reset(reader_);
    return sum;
  }

 private:
  std::string folder_;
  MDB_env* environment_ = nullptr;
  MDB_dbi words_ = 0;
  MDB_txn* reader_ = nullptr;
  MDB_cursor* cursor_ = nullptr;
  PackedWords completions_;
};

}  // namespace

std::unique_ptr<Engine> MakeLmdb() { return std::make_unique<LmdbEngine>(); }

}  // namespace trifecta::bench
