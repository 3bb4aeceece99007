#include "net/broadcast_queue.h"

#include <string>

#include "tests/net/records.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

constexpr size_t kRoom = 1'000;
constexpr unsigned kMany = 1'000;

std::string TakeOnce(BroadcastQueue* queue, size_t bytes_max = kRoom, unsigned limit = kMany) {
  std::string taken;
  queue->Take(bytes_max, limit, &taken);
  return taken;
}

TEST_CASE(
    "the number of messages for a piece of news grows with the digits of the cluster's size") {
  struct Row {
    size_t nodes;
    unsigned limit;
  };
  for (const Row row : {Row{0, 4}, Row{1, 4}, Row{9, 4}, Row{10, 8}, Row{99, 8}, Row{100, 12},
                        Row{999, 12}, Row{1'000, 16}}) {
    INFO(row.nodes);
    CHECK(RetransmitLimit(4, row.nodes) == row.limit);
  }
}

TEST_CASE("an update is handed out so many times, then it is gone") {
  BroadcastQueue queue;
  queue.Put(IdOf(1), "a");
  for (int i = 0; i < 3; ++i) CHECK(TakeOnce(&queue, kRoom, 3) == "a");
  CHECK(queue.empty());
  CHECK(TakeOnce(&queue, kRoom, 3).empty());
}

TEST_CASE("the newest about a node replaces the older, and its count begins anew") {
  BroadcastQueue queue;
  queue.Put(IdOf(1), "old");
  CHECK(TakeOnce(&queue, kRoom, 2) == "old");
  queue.Put(IdOf(1), "new");
  CHECK(queue.size() == 1);
  CHECK(TakeOnce(&queue, kRoom, 2) == "new");
  CHECK(TakeOnce(&queue, kRoom, 2) == "new");
  CHECK(queue.empty());
}

TEST_CASE("what was handed out least goes first, and of those the newest") {
  BroadcastQueue queue;
  queue.Put(IdOf(1), "a");
  queue.Put(IdOf(2), "b");
  CHECK(TakeOnce(&queue) == "ba");
  queue.Put(IdOf(3), "c");
  CHECK(TakeOnce(&queue) == "cba");
  CHECK(TakeOnce(&queue, 1) == "c");
  CHECK(TakeOnce(&queue, 2) == "cb");
  CHECK(TakeOnce(&queue, 1) == "a");
}

TEST_CASE("a message takes whole updates only, up to its bytes; the rest is next") {
  BroadcastQueue queue;
  queue.Put(IdOf(1), "aaaa");
  queue.Put(IdOf(2), "bbbb");
  queue.Put(IdOf(3), "cccc");
  CHECK(TakeOnce(&queue, 11) == "ccccbbbb");
  CHECK(TakeOnce(&queue, 4) == "aaaa");
  CHECK(TakeOnce(&queue, 3).empty());
  std::string message = "head";
  CHECK(queue.Take(kRoom, kMany, &message) == 3);
  CHECK(message == "headccccbbbbaaaa");
}

TEST_CASE("no update starves while others keep coming") {
  BroadcastQueue queue;
  queue.Put(IdOf(1), "x");
  int seen = 0;
  for (uint64_t i = 2; i < 100; ++i) {
    queue.Put(IdOf(i), "y");
    seen += TakeOnce(&queue, 2, 4).find('x') != std::string::npos;
  }
  CHECK(seen >= 1);
}

TEST_CASE("an update can be dropped") {
  BroadcastQueue queue;
  queue.Put(IdOf(1), "a");
  queue.Put(IdOf(2), "b");
  CHECK(queue.Contains(IdOf(1)));
  queue.Drop(IdOf(1));
  queue.Drop(IdOf(7));
  CHECK_FALSE(queue.Contains(IdOf(1)));
  CHECK(TakeOnce(&queue) == "b");
}

}  // namespace
}  // namespace trifecta::net
