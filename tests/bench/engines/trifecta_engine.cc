// Ours, through the face of the store: versions stored, every write in the log and synced.
#include <chrono>

#include "storage/base/limits.h"
#include "storage/store.h"
#include "tests/bench/common/die.h"
#include "tests/bench/engines/engine.h"

namespace trifecta::bench {
namespace {

class TrifectaEngine : public Engine {
 public:
  void Open(const std::string& folder) override {
    storage::StoreOptions options;
    options.folder = folder;
    store_ = Must(storage::Store::Open(options));
  }

  void Close() override {
    Must(store_->Close());
    store_.reset();
  }

  void Add(std::span<const std::string_view> words, bool) override { Write(words, false); }
  void Delete(std::span<const std::string_view> words) override { Write(words, true); }
  void Compact() override { Must(store_->Checkpoint()); }

  bool Contains(std::string_view word) override {
    const Result<storage::Lookup> found = store_->Get(word);
    return found.ok() && found->live;
  }

  size_t Complete(std::string_view prefix, size_t limit) override {
    storage::SearchOptions options;
    options.prefix = prefix;
    options.limit = limit;
    Must(store_->Search(options, &page_));
    return page_.size();
  }

  std::string_view Completion(size_t i) const override { return page_.word(i); }

  ScanSum Scan() override {
    storage::SearchOptions options;
    options.limit = kPageEntriesMax;
    ScanSum sum;
    std::string last;
    do {
      options.after = last;
      Must(store_->Search(options, &page_));
      for (size_t i = 0; i < page_.size(); ++i) sum.Add(page_.word(i));
      if (!page_.empty()) last = page_.word(page_.size() - 1);
    } while (page_.size() == options.limit);
    return sum;
  }

 private:
  // One version for a batch, as the daemon stamps a request.
  void Write(std::span<const std::string_view> words, bool tombstone) {
    const Version version = NextVersion();
    entries_.clear();
    for (const std::string_view word : words) entries_.push_back({word, version, tombstone});
    outcomes_.resize(entries_.size());
    Must(store_->Write(entries_, outcomes_));
  }

  Version NextVersion() {
    using std::chrono::duration_cast, std::chrono::milliseconds;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto time = static_cast<uint64_t>(duration_cast<milliseconds>(now).count()) << 16;
    last_.time = std::max(last_.time + 1, time);
    last_.node = 1;
    return last_;
  }

  std::unique_ptr<storage::Store> store_;
  std::vector<Entry> entries_;
  std::vector<storage::WriteOutcome> outcomes_;
  storage::Page page_;
  Version last_;
};

}  // namespace

std::unique_ptr<Engine> MakeTrifecta() { return std::make_unique<TrifectaEngine>(); }

}  // namespace trifecta::bench
