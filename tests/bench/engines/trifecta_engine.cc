// Ours, through the face of the store: versions stored, every write in the log and synced.
#include "storage/base/limits.h"
#include "tests/bench/common/die.h"
#include "tests/bench/common/store_writer.h"
#include "tests/bench/engines/engine.h"

namespace trifecta::bench {
namespace {

class TrifectaEngine : public Engine {
 public:
  void Open(const std::string& folder) override {
    store_ = OpenStore(folder);
    writer_ = std::make_unique<StoreWriter>(store_.get(), 1);
  }

  void Close() override {
    Must(store_->Close());
    store_.reset();
  }

  void Add(std::span<const std::string_view> words, bool) override { writer_->Add(words); }
  void Delete(std::span<const std::string_view> words) override { writer_->Delete(words); }
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
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<StoreWriter> writer_;
  storage::Page page_;
};

}  // namespace

std::unique_ptr<Engine> MakeTrifecta() { return std::make_unique<TrifectaEngine>(); }

}  // namespace trifecta::bench
