// SQLite: one table without row ids, in WAL mode with synchronous=FULL, so that a commit is on the
// disk; statements prepared once.
#include <sqlite3.h>

#include "tests/bench/common/die.h"
#include "tests/bench/common/word_list.h"
#include "tests/bench/engines/engine.h"

namespace trifecta::bench {
namespace {

class Statement {
 public:
  Statement(sqlite3* db, const char* sql) : db_(db) {
    Check(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr));
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void Bind(int at, std::string_view word) {
    Check(sqlite3_bind_blob(statement_, at, word.data(), static_cast<int>(word.size()),
                            SQLITE_STATIC));
  }
  void Bind(int at, int64_t number) { Check(sqlite3_bind_int64(statement_, at, number)); }
  bool Step() {
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) Check(code);
    return code == SQLITE_ROW;
  }
  std::string_view Word() {
    const void* bytes = sqlite3_column_blob(statement_, 0);
    return {static_cast<const char*>(bytes),
            static_cast<size_t>(sqlite3_column_bytes(statement_, 0))};
  }
  void Reset() { sqlite3_reset(statement_); }

 private:
  void Check(int code) {
    if (code != SQLITE_OK) Die(std::string("sqlite: ") + sqlite3_errmsg(db_));
  }
  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
};

class SqliteEngine : public Engine {
 public:
  void Open(const std::string& folder) override {
    if (sqlite3_open((folder + "/words.db").c_str(), &db_) != SQLITE_OK) Die("sqlite: cannot open");
    Run("pragma journal_mode=wal");
    Run("pragma synchronous=full");
    Run("pragma cache_size=-" + std::to_string(kPeerCacheBytes / 1024));
    Run("create table if not exists words (word blob primary key) without rowid");
    insert_ = Prepare("insert or ignore into words values (?)");
    remove_ = Prepare("delete from words where word = ?");
    get_ = Prepare("select 1 from words where word = ?");
    complete_ = Prepare("select word from words where word >= ? order by word limit ?");
    scan_ = Prepare("select word from words order by word");
  }

  void Close() override {
    for (auto* statement : {&insert_, &remove_, &get_, &complete_, &scan_}) statement->reset();
    if (sqlite3_close(db_) != SQLITE_OK) Die("sqlite: cannot close");
  }

  void Add(std::span<const std::string_view> words, bool) override { Each(insert_.get(), words); }
  void Delete(std::span<const std::string_view> words) override { Each(remove_.get(), words); }

  void Compact() override {
    Run("vacuum");
    Run("pragma wal_checkpoint(truncate)");
  }

  bool Contains(std::string_view word) override {
    get_->Bind(1, word);
    const bool found = get_->Step();
    get_->Reset();
    return found;
  }

  size_t Complete(std::string_view prefix, size_t limit) override {
    completions_.Clear();
    complete_->Bind(1, prefix);
    complete_->Bind(2, static_cast<int64_t>(limit));
    while (complete_->Step() && complete_->Word().starts_with(prefix)) {
      completions_.Add(complete_->Word());
    }
    complete_->Reset();
    return completions_.size();
  }

  std::string_view Completion(size_t i) const override { return completions_[i]; }

  ScanSum Scan() override {
    ScanSum sum;
    while (scan_->Step()) sum.Add(scan_->Word());
    scan_->Reset();
    return sum;
  }

 private:
  void Run(const std::string& sql) {
    char* fault = nullptr;
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, &fault) != SQLITE_OK) {
      Die("sqlite: " + std::string(fault));
    }
  }

  std::unique_ptr<Statement> Prepare(const char* sql) {
    return std::make_unique<Statement>(db_, sql);
  }

  void Each(Statement* statement, std::span<const std::string_view> words) {
    Run("begin");
    for (const std::string_view word : words) {
      statement->Bind(1, word);
      statement->Step();
      statement->Reset();
    }
    Run("commit");
  }

  sqlite3* db_ = nullptr;
  std::unique_ptr<Statement> insert_, remove_, get_, complete_, scan_;
  PackedWords completions_;
};

}  // namespace

std::unique_ptr<Engine> MakeSqlite() { return std::make_unique<SqliteEngine>(); }

}  // namespace trifecta::bench
