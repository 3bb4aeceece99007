#include "daemon/replication/replica_scan.h"

#include <string>

#include "daemon/replication/shard_range.h"
#include "storage/base/limits.h"
#include "storage/base/word.h"

namespace trifecta::replication {
namespace {

using storage::Order;
using storage::Page;

// Entries read at a time while short words are looked for: mostly a few of them and one of the
// longer shard behind them.
constexpr size_t kShortWordsPage = 4;

// Cuts the page where its words come to more than kScanBytesMax; gives whether it did.
bool CutPage(Page* page) {
  if (page->size() * kWordBytesMax <= kScanBytesMax) return false;
  size_t bytes = 0, fitting = 0;
  while (fitting < page->size() && bytes <= kScanBytesMax) bytes += page->word(fitting++).size();
  if (fitting == page->size()) return false;
  Page cut;
  for (size_t i = 0; i < fitting; ++i) {
    cut.Add(page->word(i), page->version(i), page->tombstone(i));
  }
  *page = std::move(cut);
  return true;
}

// From where a search goes on that leaves out the words of the shard `root`. Ascending: no word has
// the byte 0xff.
std::string Beyond(std::string_view root, Order order) {
  std::string place(root);
  if (order == Order::kAscending) place += '\xff';
  return place;
}

// Goes from one longer shard to the next: those between the words looked for are not read.
Status ScanShortWords(const storage::Store& store, unsigned k_factor, const ScanRequest& request,
                      ScanReply* reply) {
  std::string after(request.after);
  Page some;
  for (;;) {
    TRIFECTA_RETURN_IF_ERROR(
        store.Search({request.prefix, after, kShortWordsPage, request.order, true}, &some));
    size_t i = 0;
    std::string_view longer;
    for (; i < some.size() && longer.empty(); ++i) {
      longer = ShardRoot(some.word(i), k_factor);
      if (!longer.empty()) break;
      if (reply->page.size() == request.limit) return Status::Ok();
      reply->page.Add(some.word(i), some.version(i), some.tombstone(i));
    }
    if (longer.empty() && some.size() < kShortWordsPage) break;
    after = longer.empty() ? std::string(some.word(i - 1)) : Beyond(longer, request.order);
  }
  reply->end = true;
  return Status::Ok();
}

}  // namespace

Status Scan(const storage::Store& store, unsigned k_factor, const ScanRequest& request,
            ScanReply* reply) {
  reply->page.Clear();
  reply->end = false;
  if (request.one_shard && ShardRoot(request.prefix, k_factor).empty()) {
    TRIFECTA_RETURN_IF_ERROR(ScanShortWords(store, k_factor, request, reply));
  } else {
    TRIFECTA_RETURN_IF_ERROR(store.Search(
        {request.prefix, request.after, request.limit, request.order, true}, &reply->page));
    reply->end = reply->page.size() < request.limit;
  }
  if (CutPage(&reply->page)) reply->end = false;
  return Status::Ok();
}

Status DigestShortWords(const storage::Store& store, unsigned k_factor, std::string_view prefix,
                        Digest* digest) {
  ScanRequest request;
  request.prefix = prefix;
  request.limit = kPageEntriesMax;
  request.one_shard = true;
  ScanReply reply;
  std::string after;
  do {
    request.after = after;
    TRIFECTA_RETURN_IF_ERROR(Scan(store, k_factor, request, &reply));
    const Page& page = reply.page;
    for (size_t i = 0; i < page.size(); ++i) {
      AddEntry(page.word(i), page.version(i), page.tombstone(i), digest);
    }
    if (!page.empty()) after = page.word(page.size() - 1);
  } while (!reply.end);
  return Status::Ok();
}

}  // namespace trifecta::replication
