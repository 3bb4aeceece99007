#include "daemon/replication/entry_comparison.h"

#include <algorithm>
#include <string>

namespace trifecta::replication {
namespace {

using storage::Page;

void Copy(const Page& from, size_t i, Page* to) {
  if (to != nullptr) to->Add(from.word(i), from.version(i), from.tombstone(i));
}

// Goes through the peer's entries beside those of the store.
class Comparison {
 public:
  Comparison(const Page& theirs, Page* pull, Page* push)
      : theirs_(theirs), pull_(pull), push_(push) {}

  // The store's next entry in order.
  void Own(const Page& own, size_t i) {
    const std::string_view word = own.word(i);
    for (; next_ < theirs_.size() && theirs_.word(next_) < word; ++next_) {
      Copy(theirs_, next_, pull_);
    }
    if (next_ == theirs_.size() || theirs_.word(next_) != word) return Copy(own, i, push_);
    const Version our_version = own.version(i), their_version = theirs_.version(next_);
    const bool our_tombstone = own.tombstone(i), their_tombstone = theirs_.tombstone(next_);
    if (Supersedes(their_version, their_tombstone, our_version, our_tombstone)) {
      Copy(theirs_, next_, pull_);
    } else if (Supersedes(our_version, our_tombstone, their_version, their_tombstone)) {
      Copy(own, i, push_);
    }
    ++next_;
  }

  // The store has no more.
  void End() {
    for (; next_ < theirs_.size(); ++next_) Copy(theirs_, next_, pull_);
  }

 private:
  const Page& theirs_;
  Page* const pull_;
  Page* const push_;
  size_t next_ = 0;
};

}  // namespace

std::vector<Entry> EntriesOf(const Page& page) {
  std::vector<Entry> entries(page.size());
  for (size_t i = 0; i < page.size(); ++i) {
    entries[i] = {page.word(i), page.version(i), page.tombstone(i)};
  }
  return entries;
}

Status CompareWithOwn(const storage::Store& store, unsigned k_factor, const ShardRange& range,
                      const Page& theirs, Page* pull, Page* push) {
  Comparison comparison(theirs, pull, push);
  std::string low(range.low);
  Page own;
  for (bool end = false; !end;) {
    const ShardRange rest{range.root, low, range.high};
    TRIFECTA_RETURN_IF_ERROR(ReadRange(store, k_factor, rest, kRepairBatchEntries, &own, &end));
    for (size_t i = 0; i < own.size(); ++i) comparison.Own(own, i);
    if (!end) low = own.word(own.size() - 1);
  }
  comparison.End();
  return Status::Ok();
}

Status WriteInBatches(storage::Store* store, const Page& page) {
  const std::vector<Entry> entries = EntriesOf(page);
  for (size_t begin = 0; begin < entries.size(); begin += kRepairBatchEntries) {
    const size_t count = std::min(kRepairBatchEntries, entries.size() - begin);
    TRIFECTA_RETURN_IF_ERROR(store->Write(std::span(entries).subspan(begin, count), {}));
  }
  return Status::Ok();
}

}  // namespace trifecta::replication
