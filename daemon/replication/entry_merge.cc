#include "daemon/replication/entry_merge.h"

#include <utility>

#include "daemon/replication/shard_range.h"
#include "storage/base/entry.h"
#include "storage/base/text.h"

namespace trifecta::replication {
namespace {

using storage::Page;

Status CheckPage(std::string_view root, std::string_view after, unsigned k_factor,
                 const Page& page) {
  std::string_view before = after;
  for (size_t i = 0; i < page.size(); ++i) {
    const std::string_view word = page.word(i);
    if (word <= before || !IsOfShard(word, root, k_factor)) {
      return {StatusCode::kDataDamaged, StrCat("a page of the shard '", root, "' has the word '",
                                               word, "' after '", before, "'")};
    }
    before = word;
  }
  return Status::Ok();
}

}  // namespace

bool EntryMerge::Wants(size_t source) const {
  return sources_[source].used_up() && !sources_[source].end;
}

Status EntryMerge::Add(size_t source, unsigned k_factor, ScanReply page) {
  Source& from = sources_[source];
  TRIFECTA_RETURN_IF_ERROR(CheckPage(root_, from.after, k_factor, page.page));
  from.page = std::move(page.page);
  from.next = 0;
  from.end = page.end;
  if (!from.page.empty()) from.after = from.page.word(from.page.size() - 1);
  return Status::Ok();
}

EntryMerge::Source* EntryMerge::Lowest() {
  Source* lowest = nullptr;
  for (Source& source : sources_) {
    if (!source.used_up() && (lowest == nullptr || source.IsBefore(*lowest))) lowest = &source;
  }
  return lowest;
}

void EntryMerge::Take(Page* merged, std::string* upto) {
  merged->Clear();
  for (;;) {
    for (const Source& source : sources_) {
      if (!source.used_up() || source.end) continue;
      *upto = source.after;
      return;
    }
    Source* const newest = Lowest();
    if (newest == nullptr) break;
    const std::string_view word = newest->word();
    merged->Add(word, newest->version(), newest->tombstone());
    for (Source& source : sources_) {
      if (&source != newest && !source.used_up() && source.word() == word) ++source.next;
    }
    ++newest->next;
  }
  upto->clear();
  done_ = true;
}

bool EntryMerge::Source::IsBefore(const Source& other) const {
  const int order = word().compare(other.word());
  return order < 0 ||
         (order == 0 && Supersedes(version(), tombstone(), other.version(), other.tombstone()));
}

}  // namespace trifecta::replication
