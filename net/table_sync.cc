#include "net/table_sync.h"

#include <algorithm>
#include <map>
#include <utility>

#include "net/table_digest.h"

namespace trifecta::net {
namespace {

// Records of one table message, in bytes; the rest of kGossipBytesMax is for its head, a record
// about the receiver, and news.
constexpr size_t kTableBytesMax = 48 * 1024;
static_assert(kTableBytesMax + 3 * kRecordBytesMax + 1024 < kGossipBytesMax);

size_t EncodedBytes(const NodeRecord& record) {
  std::string bytes;
  AppendRecord(record, &bytes);
  return bytes.size();
}

// How many of `records`, from the first on, one message holds; at least one.
size_t CountThatFits(std::span<const NodeRecord> records) {
  size_t bytes = 0, count = 0;
  while (count < records.size()) {
    bytes += EncodedBytes(records[count]);
    if (bytes > kTableBytesMax && count > 0) break;
    ++count;
  }
  return count;
}

// The records of `ours` that `theirs` does not have or has older.
std::vector<NodeRecord> KnownBetter(std::span<const KnownNode> ours,
                                    const std::vector<NodeRecord>& theirs, Millis now) {
  std::map<NodeId, const NodeRecord*> told;
  for (const NodeRecord& record : theirs) told[record.id] = &record;
  std::vector<NodeRecord> better;
  for (const KnownNode& node : ours) {
    const auto at = told.find(node.record.id);
    if (at == told.end() || Overrides(node.record, *at->second)) {
      better.push_back(RecordAt(node, now));
    }
  }
  return better;
}

}  // namespace

void TableSync::SyncWithAny() {
  for (const KnownNode* node : sender_.PickLive(1)) {
    SendSync(NodeId(node->record.id), Address(node->record.address));
  }
}

void TableSync::SyncWithAbsent(size_t seeds_max) {
  std::vector<const NodeRecord*> gone;
  for (const KnownNode& node : view_.members().nodes()) {
    const NodeRecord& record = node.record;
    const bool wanted = record.liveness == Liveness::kDead ||
                        (record.liveness == Liveness::kLeft && view_.members().IsKept(record.id));
    if (wanted && record.id != view_.own().id()) gone.push_back(&record);
  }
  if (!gone.empty()) {
    const NodeRecord& one = *gone[random_.Below(gone.size())];
    SendSync(NodeId(one.id), Address(one.address));
  }
  std::vector<Address> seeds;
  std::copy_if(seeds_.begin(), seeds_.end(), std::back_inserter(seeds),
               [this](const Address& seed) { return !IsLiveAddress(seed); });
  random_.Shuffle(&seeds);
  seeds.resize(std::min(seeds.size(), seeds_max));
  for (const Address& seed : seeds) SendSync(NodeId(), seed);
}

bool TableSync::IsLiveAddress(const Address& address) const {
  const auto nodes = view_.members().nodes();
  return address == view_.own().record().address ||
         std::any_of(nodes.begin(), nodes.end(), [&](const KnownNode& node) {
           return IsLive(node.record.liveness) && node.record.address == address;
         });
}

void TableSync::SendSync(const NodeId& to, const Address& address) {
  const auto nodes = view_.members().nodes();
  GossipMessage message = GossipOf(GossipKind::kSync);
  message.digests = TableDigests(nodes, DigestBuckets(nodes.size()));
  sender_.Send(std::move(message), to, address);
}

void TableSync::OnSync(const GossipMessage& message, Millis now) {
  const auto ours = TableDigests(view_.members().nodes(), message.digests.size());
  for (const IdRange& range : DifferingRanges(ours, message.digests)) {
    std::vector<NodeRecord> records;
    for (const KnownNode& node : NodesIn(view_.members().nodes(), range)) {
      records.push_back(RecordAt(node, now));
    }
    SendTable(range, records, true, message.sender);
  }
}

void TableSync::SendTable(const IdRange& range, std::span<const NodeRecord> records, bool answer,
                          const NodeRecord& to) {
  IdRange part = range;
  do {
    const size_t count = CountThatFits(records);
    const bool last = count == records.size();
    part.last = last ? range.last : IdBefore(records[count].id);
    GossipMessage message = GossipOf(GossipKind::kTable);
    message.range = part;
    message.answer = answer;
    const auto fitting = records.first(count);
    message.records.assign(fitting.begin(), fitting.end());
    sender_.Send(std::move(message), to.id, to.address);
    if (!last) part.first = records[count].id;
    records = records.subspan(count);
  } while (!records.empty());
}

void TableSync::OnTable(const GossipMessage& message, Millis now) {
  for (const NodeRecord& record : message.records) {
    view_.LearnFromTable(record, message.sender.id, now);
  }
  if (!message.answer) return;
  const auto better =
      KnownBetter(NodesIn(view_.members().nodes(), message.range), message.records, now);
  if (!better.empty()) SendTable(message.range, better, false, message.sender);
}

}  // namespace trifecta::net
