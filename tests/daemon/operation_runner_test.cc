#include "daemon/operation_runner.h"

#include <atomic>
#include <future>

#include "net/ring_change.h"
#include "tests/support/catch.h"

namespace trifecta::daemon {
namespace {

using replication::Actions;
using replication::Call;
using replication::Hint;
using replication::kNever;
using replication::Millis;
using replication::ViewPtr;

ViewPtr ViewAt(net::Epoch epoch) {
  net::Ring ring;
  ring.epoch = epoch;
  ring.partitions.resize(8, {{1}, {}, net::MoveStep::kNone, 1});
  replication::ClusterView view;
  view.ring = std::make_shared<const net::Ring>(ring);
  view.self = 1;
  view.nodes = {{1, {}, "a:1", "", true, 0}};
  view.Finish();
  return std::make_shared<const replication::ClusterView>(view);
}

// Does what a test scripts, and records what it is told.
class Scripted : public replication::Operation {
 public:
  void Start(ViewPtr view, Millis, Actions* actions) override {
    epoch = view->ring->epoch;
    if (on_start) on_start(actions);
  }
  void OnReply(uint32_t id, const Result<std::string_view>& reply, Millis,
               Actions* actions) override {
    replies.emplace_back(id, reply.ok() ? std::string(*reply) : reply.status().message());
    if (on_reply) on_reply(actions);
  }
  void OnView(ViewPtr view, Millis, Actions* actions) override {
    epoch = view->ring->epoch;
    if (on_view) on_view(actions);
  }
  void OnTick(Millis now, Actions* actions) override {
    if (now >= due && on_due) on_due(actions);
  }
  Millis next_due() const override { return due; }
  bool answered() const override { return is_answered; }
  bool done() const override { return is_done; }

  std::function<void(Actions*)> on_start, on_reply, on_view, on_due;
  Millis due = kNever;
  std::atomic<bool> is_answered = false, is_done = false;
  net::Epoch epoch = 0;
  std::vector<std::pair<uint32_t, std::string>> replies;
};

struct Fixture {
  std::atomic<net::Epoch> epoch = 1;
  std::atomic<net::Epoch> pulled = 0;
  std::mutex mutex;
  std::vector<Hint> hints;
  std::function<std::string(std::string_view)> answer = [](std::string_view request) {
    return "re: " + std::string(request);
  };
  OperationRunner runner{
      RunnerParts{nullptr, [this] { return ViewAt(epoch); },
                  [this](std::string_view request) { return answer(request); },
                  [this](net::NodeNumber, net::Epoch wanted) { pulled = wanted; },
                  [this](std::span<const Hint> more) {
                    std::lock_guard lock(mutex);
                    hints.insert(hints.end(), more.begin(), more.end());
                  }}};
};

}  // namespace

TEST_CASE("A call to this node itself is answered by the thread that waits") {
  Fixture fixture;
  auto operation = std::make_shared<Scripted>();
  operation->on_start = [](Actions* actions) {
    actions->calls.push_back({7, 1, replication::CallClass::kRead, "what", kNever});
  };
  operation->on_reply = [&](Actions*) { operation->is_answered = operation->is_done = true; };
  fixture.runner.Run(operation);
  REQUIRE(operation->replies.size() == 1);
  CHECK(operation->replies[0] == std::pair<uint32_t, std::string>(7, "re: what"));
  CHECK(fixture.runner.running() == 0);
}

TEST_CASE("A call to a node that is no member fails at once") {
  Fixture fixture;
  auto operation = std::make_shared<Scripted>();
  operation->on_start = [](Actions* actions) {
    actions->calls.push_back({0, 9, replication::CallClass::kRead, "what", kNever});
  };
  operation->on_reply = [&](Actions*) { operation->is_answered = operation->is_done = true; };
  fixture.runner.Run(operation);
  CHECK(operation->replies[0].second == "the node is no member any more");
}

TEST_CASE("An operation that waits for a ring goes on when one of that epoch is in force") {
  Fixture fixture;
  auto operation = std::make_shared<Scripted>();
  const bool there_already = GENERATE(false, true);
  operation->on_start = [&](Actions* actions) {
    actions->pull_from = 2;
    actions->pull_epoch = 5;
    if (there_already) fixture.epoch = 6;
  };
  operation->on_view = [&](Actions*) { operation->is_answered = operation->is_done = true; };
  std::thread other([&] {
    if (there_already) return;
    while (fixture.pulled == 0) std::this_thread::yield();
    fixture.runner.OnView(ViewAt(4));
    fixture.runner.OnView(ViewAt(5));
  });
  fixture.runner.Run(operation);
  other.join();
  CHECK(operation->epoch == (there_already ? 6 : 5));
  CHECK(fixture.pulled == 5);
}

TEST_CASE("A client does not wait for background work of its own node, even a long one") {
  Fixture fixture;
  auto operation = std::make_shared<Scripted>();
  const bool answered_by_then = GENERATE(true, false);
  std::promise<void> work;
  fixture.answer = [&, begun = work.get_future().share()](std::string_view request) {
    if (request == "repair") begun.wait();
    return "re: " + std::string(request);
  };
  operation->on_start = [&](Actions* actions) {
    actions->calls.push_back({1, 1, replication::CallClass::kBackground, "repair", kNever});
    operation->is_answered = answered_by_then;
    if (answered_by_then) return;
    actions->calls.push_back({2, 1, replication::CallClass::kRead, "what", kNever});
  };
  operation->on_reply = [&](Actions*) {
    operation->is_answered = true;
    operation->is_done = operation->replies.back().first == 1;
  };
  fixture.runner.Run(operation);
  CHECK_FALSE(operation->is_done);
  CHECK(fixture.runner.running() == 1);
  work.set_value();
  while (fixture.runner.running() > 0) std::this_thread::yield();
  CHECK(operation->replies.back().second == "re: repair");
}

TEST_CASE("A call to this node itself whose time is over is not carried out") {
  Fixture fixture;
  auto operation = std::make_shared<Scripted>();
  operation->on_start = [](Actions* actions) {
    actions->calls.push_back({0, 1, replication::CallClass::kRead, "late", NowMillis() - 10});
    actions->calls.push_back({1, 1, replication::CallClass::kRead, "what", kNever});
  };
  operation->on_reply = [&](Actions*) { operation->is_answered = operation->is_done = true; };
  fixture.runner.Run(operation);
  REQUIRE(operation->replies.size() == 1);
  CHECK(operation->replies[0].second == "re: what");
}

TEST_CASE("After the answer an operation goes on by itself until it is done") {
  Fixture fixture;
  auto operation = std::make_shared<Scripted>();
  operation->is_answered = true;
  operation->due = NowMillis() + 1;
  operation->on_due = [&](Actions* actions) {
    actions->hints.push_back({3, "word", {1, 1}, false});
    operation->due = kNever;
    operation->is_done = true;
  };
  fixture.runner.Run(operation);
  while (fixture.runner.running() > 0) std::this_thread::yield();
  std::lock_guard lock(fixture.mutex);
  REQUIRE(fixture.hints.size() == 1);
  CHECK(fixture.hints[0].word == "word");
}

TEST_CASE("Running to the end waits for what comes after the answer") {
  Fixture fixture;
  auto operation = std::make_shared<Scripted>();
  operation->is_answered = true;
  operation->due = NowMillis() + 5;
  operation->on_due = [&](Actions*) { operation->is_done = true; };
  fixture.runner.RunToEnd(operation);
  CHECK(operation->is_done);
}

TEST_CASE("A stop lets go of the threads that wait") {
  Fixture fixture;
  auto operation = std::make_shared<Scripted>();
  std::thread waiting([&] { fixture.runner.RunToEnd(operation); });
  while (fixture.runner.running() == 0) std::this_thread::yield();
  fixture.runner.Stop();
  waiting.join();
  CHECK_FALSE(operation->is_done);
}

}  // namespace trifecta::daemon
