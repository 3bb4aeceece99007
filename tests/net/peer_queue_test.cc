#include "net/peer_queue.h"

#include <string>

#include "net/peer_backoff.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

using TimePoint = PeerQueue::TimePoint;
using std::chrono::milliseconds;

constexpr size_t kLarge = kLargeItemBytes + 1;

TimePoint At(int ms) { return TimePoint(milliseconds(ms)); }

PendingItem Item(std::string bytes, TimePoint deadline = At(1'000)) {
  PendingItem item;
  item.kind = ItemKind::kReplica;
  item.bytes = std::move(bytes);
  item.deadline = deadline;
  return item;
}

// The first characters of the items, which are their names.
std::string Names(const std::vector<PendingItem>& items) {
  std::string names;
  for (const PendingItem& item : items) names += item.bytes.substr(0, 1);
  return names;
}

TEST_CASE("what waits goes together, in its order") {
  PeerQueue queue;
  for (const char* name : {"a", "b", "c"}) queue.Add(Item(name));
  CHECK(queue.items() == 3);
  CHECK(queue.bytes() == 3);
  CHECK(Names(queue.TakeBatch(true)) == "abc");
  CHECK(queue.empty());
  CHECK(queue.bytes() == 0);
  CHECK(queue.TakeBatch(true).empty());
}

TEST_CASE("a batch ends at its bounds, but one item always goes") {
  PeerQueue queue;
  for (size_t i = 0; i < kPeerBatchItemsMax + 1; ++i) queue.Add(Item("a"));
  CHECK(queue.TakeBatch(true).size() == kPeerBatchItemsMax);
  CHECK(queue.TakeBatch(true).size() == 1);

  queue.Add(Item(std::string(2 * kPeerBatchBytesMax, 'x')));
  queue.Add(Item(std::string(kPeerBatchBytesMax / 2, 'y')));
  queue.Add(Item(std::string(kPeerBatchBytesMax / 2, 'z')));
  CHECK(Names(queue.TakeBatch(true)) == "x");
  CHECK(Names(queue.TakeBatch(true)) == "y");
  CHECK(Names(queue.TakeBatch(true)) == "z");
}

TEST_CASE("large items travel apart from small ones, whichever came first goes first") {
  PeerQueue queue;
  queue.Add(Item("a"));
  queue.Add(Item(std::string(kLarge, 'L')));
  queue.Add(Item("b"));
  queue.Add(Item(std::string(kLarge, 'M')));
  CHECK(Names(queue.TakeBatch(true)) == "ab");
  CHECK(Names(queue.TakeBatch(true)) == "LM");

  queue.Add(Item(std::string(kLarge, 'L')));
  queue.Add(Item("a"));
  SECTION("the large one did") { CHECK(Names(queue.TakeBatch(true)) == "L"); }
  SECTION("but large ones may not go now") {
    CHECK(Names(queue.TakeBatch(false)) == "a");
    CHECK(queue.TakeBatch(false).empty());
    CHECK(queue.items() == 1);
  }
}

TEST_CASE("what comes back goes before what waits, without what is finished") {
  PeerQueue queue;
  for (const char* name : {"a", "b", "c"}) queue.Add(Item(name));
  std::vector<PendingItem> batch = queue.TakeBatch(true);
  batch[1].finished = true;
  queue.Add(Item("d"));
  queue.PutBack(std::move(batch));
  CHECK(queue.bytes() == 3);
  CHECK(Names(queue.TakeBatch(true)) == "acd");
}

TEST_CASE("items leave when their time is over, at the very moment") {
  PeerQueue queue;
  CHECK(queue.NextDeadline() == TimePoint::max());
  queue.Add(Item("a", At(30)));
  queue.Add(Item("b", At(10)));
  queue.Add(Item(std::string(kLarge, 'L'), At(20)));
  CHECK(queue.NextDeadline() == At(10));
  CHECK(queue.TakeExpired(At(9)).empty());
  CHECK(Names(queue.TakeExpired(At(20))) == "bL");
  CHECK(queue.bytes() == 1);
  CHECK(Names(queue.TakeAll()) == "a");
  CHECK(queue.bytes() == 0);
}

TEST_CASE("after a failed attempt a peer is left alone, longer each time, until it is reached") {
  PeerBackoff backoff(milliseconds(20), milliseconds(50));
  const Status refused(StatusCode::kUnavailable, "connection refused");
  CHECK_FALSE(backoff.Blocked(At(1'000)));
  backoff.Failed(refused, At(1'000));
  backoff.Failed(refused, At(1'001));  // another connection's: counts as the same
  CHECK(backoff.Blocked(At(1'019))->message() == "connection refused");
  CHECK_FALSE(backoff.Blocked(At(1'020)));
  backoff.Failed(refused, At(2'000));
  CHECK(backoff.Blocked(At(2'039)));
  CHECK_FALSE(backoff.Blocked(At(2'040)));
  backoff.Failed(refused, At(3'000));
  CHECK_FALSE(backoff.Blocked(At(3'050)));
  backoff.Reached();
  backoff.Failed(refused, At(4'000));
  CHECK_FALSE(backoff.Blocked(At(4'020)));
}

}  // namespace
}  // namespace trifecta::net
