#include "daemon/replication/merged_scan.h"

#include <algorithm>
#include <utility>

#include "net/preference.h"
#include "storage/base/limits.h"
#include "storage/base/word.h"

namespace trifecta::replication {
namespace {

using storage::Order;
using storage::Page;

// Entries asked for above those wanted: so many may be deleted, or differ, before a second round.
constexpr size_t kSpareEntries = 8;
// Each round asks for twice as many as the one before, up to this many times.
constexpr unsigned kDoublingsMax = 10;

}  // namespace

MergedScan::MergedScan(MergedScanSpec spec, ReadContext* context, MergedScanSink* sink)
    : spec_(std::move(spec)), context_(context), sink_(sink), position_(spec_.after) {}

void MergedScan::Begin(Millis now, Actions* actions) {
  std::vector<bool> given_up;
  for (size_t i = 0; i < cover_.partitions().size(); ++i) given_up.push_back(cover_.IsGivenUp(i));
  cover_.Begin(context_->view(), spec_.partitions, context_->options().consistency);
  for (size_t i = 0; i < given_up.size(); ++i) {
    if (given_up[i]) cover_.GiveUp(i);
  }
  cursors_.assign(cover_.sources().size(), {});
  last_index_ = ReadCover::kNone;
  last_root_.clear();
  const net::Ring& ring = *context_->view().ring;
  const bool many = ShardRoot(spec_.prefix, ring.k_factor).empty() && !spec_.one_shard;
  filters_ = filters_ || (many && spec_.partitions.size() < ring.partitions.size());
  Go(now, actions);
}

bool MergedScan::OnReply(uint32_t call, const Result<std::string_view>& reply, Millis now,
                         Actions* actions) {
  const size_t source = running_ ? cover_.Find(call) : ReadCover::kNone;
  if (source == ReadCover::kNone) return false;
  Cursor& cursor = cursors_[source];
  if (context_->Accept(reply, &cover_, source, now, actions, &cursor.reply)) {
    cursor.next = 0;
    SkipMerged(&cursor);
    if (IsUsedUp(cursor)) cover_.UsedUp(source);
  }
  if (!context_->awaits_view()) Go(now, actions);
  return true;
}

void MergedScan::OnTick(Millis now, Actions* actions) {
  if (running_ && cover_.OnTick(now)) Go(now, actions);
}

std::vector<uint32_t> MergedScan::missing() const {
  std::vector<uint32_t> missing;
  for (size_t i = 0; i < cover_.partitions().size(); ++i) {
    if (cover_.IsGivenUp(i)) missing.push_back(cover_.partitions()[i]);
  }
  return missing;
}

void MergedScan::Go(Millis now, Actions* actions) {
  if (!running_) return;
  if (!GiveUpShort()) return;
  bool merged = false;
  while (running_ && Merge()) merged = true;
  if (merged) ++rounds_;
  if (running_) Ask(now, actions);
}

// False when the scan has failed for want of owners.
bool MergedScan::GiveUpShort() {
  const std::vector<size_t> lacking = cover_.Short();
  if (lacking.empty()) return true;
  if (!spec_.partial) {
    status_ = context_->TooFew(cover_, lacking.front());
    running_ = false;
    return false;
  }
  for (const size_t index : lacking) cover_.GiveUp(index);
  filters_ = true;
  return true;
}

void MergedScan::Ask(Millis now, Actions* actions) {
  for (const size_t source : cover_.Choose()) {
    context_->Ask(&cover_, source, RequestTo(source), now, actions);
  }
}

std::string MergedScan::RequestTo(size_t source) const {
  ScanRequest request;
  request.fences = cover_.FencesOf(source);
  request.prefix = spec_.prefix;
  request.after = position_;
  const size_t wanted = std::min(sink_->wanted() + kSpareEntries, kPageEntriesMax);
  request.limit =
      static_cast<uint32_t>(std::min(wanted << std::min(rounds_, kDoublingsMax), kPageEntriesMax));
  request.order = spec_.order;
  request.one_shard = spec_.one_shard;
  return Encode(request);
}

// Merging ----------------------------------------------------------------------------------------

bool MergedScan::Beyond(std::string_view a, std::string_view b) const {
  return spec_.order == Order::kAscending ? a > b : a < b;
}

// What an answer that comes late has of words that are merged already.
void MergedScan::SkipMerged(Cursor* cursor) const {
  if (position_.empty()) return;
  const Page& page = cursor->reply.page;
  while (cursor->next < page.size() && !Beyond(page.word(cursor->next), position_)) {
    ++cursor->next;
  }
}

std::vector<size_t> MergedScan::Farthest() const {
  std::vector<size_t> order;
  for (size_t i = 0; i < cursors_.size(); ++i) {
    if (cover_.source(i).state == SourceState::kAnswered) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const ScanReply& left = cursors_[a].reply;
    const ScanReply& right = cursors_[b].reply;
    if (left.end || right.end) return left.end && !right.end;
    return Beyond(left.page.word(left.page.size() - 1), right.page.word(right.page.size() - 1));
  });
  return order;
}

bool MergedScan::Merge() {
  const std::vector<size_t> order = Farthest();
  const size_t covering = cover_.Covering(order);
  if (covering == ReadCover::kNone) return false;
  std::string bound;
  const ScanReply* last = covering == 0 ? nullptr : &cursors_[order[covering - 1]].reply;
  const bool to_end = last == nullptr || last->end;
  if (!to_end) bound = last->page.word(last->page.size() - 1);
  if (last != nullptr) {
    while (TakeNext(order, to_end ? nullptr : &bound)) {
    }
  }
  if (to_end) running_ = false;
  if (!running_) return false;
  position_ = std::move(bound);
  for (const size_t source : order) {
    if (IsUsedUp(cursors_[source])) cover_.UsedUp(source);
  }
  return true;
}

bool MergedScan::TakeNext(std::span<const size_t> sources, const std::string* bound) {
  std::string_view word;
  heads_.clear();
  for (const size_t source : sources) {
    const Cursor& cursor = cursors_[source];
    if (cursor.next == cursor.reply.page.size()) continue;
    const std::string_view head = cursor.reply.page.word(cursor.next);
    if (!heads_.empty()) {
      const int order = head.compare(word);
      if (order != 0 && (order < 0) != (spec_.order == Order::kAscending)) continue;
      if (order != 0) heads_.clear();
    }
    word = head;
    heads_.push_back(source);
  }
  if (heads_.empty() || (bound != nullptr && Beyond(word, *bound))) return false;
  Version version;
  bool tombstone = false;
  for (const size_t source : heads_) {
    Cursor& cursor = cursors_[source];
    const Page& page = cursor.reply.page;
    const size_t at = cursor.next++;
    if (Supersedes(page.version(at), page.tombstone(at), version, tombstone)) {
      version = page.version(at);
      tombstone = page.tombstone(at);
    }
  }
  if (filters_ && !Wanted(word)) return true;
  if (stale_words_ < spec_.repairs_max) NoteStale(sources, word, version, tombstone);
  if (!sink_->Take(word, version, tombstone)) running_ = false;
  return running_;
}

size_t MergedScan::PartitionIndex(std::string_view word) {
  const net::Ring& ring = *context_->view().ring;
  const std::string_view root = ShardRoot(word, ring.k_factor);
  if (last_index_ != ReadCover::kNone && root == last_root_) return last_index_;
  const auto partition = static_cast<uint32_t>(net::PartitionOf(root, ring.partitions.size()));
  const std::span<const uint32_t> all = cover_.partitions();
  const auto at = std::lower_bound(all.begin(), all.end(), partition);
  if (at == all.end() || *at != partition) return ReadCover::kNone;
  last_root_ = root;
  return last_index_ = static_cast<size_t>(at - all.begin());
}

bool MergedScan::Wanted(std::string_view word) {
  const size_t index = PartitionIndex(word);
  return index != ReadCover::kNone && !cover_.IsGivenUp(index);
}

bool MergedScan::ScannedTo(size_t source, std::string_view word) const {
  const ScanReply& reply = cursors_[source].reply;
  return reply.end || !Beyond(word, reply.page.word(reply.page.size() - 1));
}

// Called when the cursors are past `word` already.
void MergedScan::NoteStale(std::span<const size_t> sources, std::string_view word, Version version,
                           bool tombstone) {
  const auto has_newest = [&](size_t source) {
    if (std::find(heads_.begin(), heads_.end(), source) == heads_.end()) return false;
    const Cursor& cursor = cursors_[source];
    return cursor.reply.page.version(cursor.next - 1) == version &&
           cursor.reply.page.tombstone(cursor.next - 1) == tombstone;
  };
  bool noted = false;
  for (const size_t source : sources) {
    if (has_newest(source) || !ScannedTo(source, word)) continue;
    const size_t index = PartitionIndex(word);
    if (index == ReadCover::kNone || !cover_.AnswersFor(source, index)) continue;
    stale_.push_back({cover_.source(source).node, cover_.partitions()[index], std::string(word),
                      version, tombstone});
    noted = true;
  }
  if (noted) ++stale_words_;
}

}  // namespace trifecta::replication
