#include "daemon/replication/lost_words.h"

#include <algorithm>
#include <string>
#include <utility>

#include "storage/base/text.h"

namespace trifecta::replication {
namespace {

// The first word after `word`.
std::string Behind(std::string_view word) { return std::string(word) + '\0'; }

std::string Least(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return std::string(a.empty() ? b : a);
  return std::string(std::min(a, b));
}

}  // namespace

void LostWords::Set(std::vector<storage::WordRange> ranges) {
  LostRanges fresh;
  if (!ranges.empty()) {
    fresh = std::make_shared<const std::vector<storage::WordRange>>(std::move(ranges));
  }
  std::lock_guard lock(mutex_);
  ranges_ = std::move(fresh);
}

LostRanges LostWords::ranges() const {
  std::lock_guard lock(mutex_);
  return ranges_;
}

storage::WordRange RangeOfPrefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (!end.empty()) ++end.back();
  return {std::string(prefix), end};
}

storage::WordRange RangeOfScan(const ScanRequest& request, const ScanReply& reply) {
  storage::WordRange range = RangeOfPrefix(request.prefix);
  const bool ends_early = !reply.end && !reply.page.empty();
  const std::string_view last = ends_early ? reply.page.word(reply.page.size() - 1) : "";
  if (request.order == storage::Order::kAscending) {
    if (!request.after.empty()) range.low = std::max(range.low, Behind(request.after));
    if (ends_early) range.end = Behind(last);
  } else {
    range.end = Least(range.end, request.after);
    if (ends_early) range.low = last;
  }
  return range;
}

Status CheckNotLost(const LostRanges& lost, const storage::WordRange& range) {
  if (lost == nullptr || (!range.end.empty() && range.end <= range.low)) return Status::Ok();
  for (const storage::WordRange& one : *lost) {
    if (!storage::Overlap(one, range)) continue;
    return {StatusCode::kUnavailable,
            StrCat("this node has lost words from '", one.low,
                   "' on with a damaged file, and is fetching them from the other owners")};
  }
  return Status::Ok();
}

}  // namespace trifecta::replication
