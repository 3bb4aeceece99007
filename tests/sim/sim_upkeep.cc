#include "tests/sim/sim_upkeep.h"

#include <algorithm>
#include <utility>

#include "daemon/replication/hint_replay.h"

namespace trifecta::sim {
namespace {

// When there is nothing to compare with, it is looked again after this.
constexpr Millis kLookAgain = 200;

// As the daemon has it.
constexpr Millis kReplayPeriod = 1'000;
constexpr uint64_t kHintWindow = 3ull * 3600 * 1000;

replication::StreamParts StreamPartsOf(const SimUpkeep::Parts& parts) {
  replication::StreamParts streams;
  streams.store = parts.store;
  streams.digests = parts.digests;
  return streams;
}

}  // namespace

SimUpkeep::SimUpkeep(Parts parts)
    : parts_(std::move(parts)),
      anti_entropy_({parts_.store, parts_.digests}, parts_.network->random()->Next()),
      streams_(StreamPartsOf(parts_)) {
  if (!parts_.repairs) return;
  CompareAt(now() + kLookAgain);
  ReplayLater();
}

void SimUpkeep::CompareAt(Millis due) {
  parts_.network->After(parts_.node, due > now() ? due - now() : 0, [this] { Compare(); });
}

void SimUpkeep::Compare() {
  const replication::ViewPtr view = parts_.view();
  const auto exchange = view == nullptr ? nullptr : anti_entropy_.Next(view, now());
  if (exchange == nullptr) {
    return CompareAt(std::max(anti_entropy_.next_due(), now() + kLookAgain));
  }
  parts_.runner->Run(exchange, {}, [this, exchange] {
    anti_entropy_.OnEnded(*exchange);
    CompareAt(anti_entropy_.next_due());
  });
}

void SimUpkeep::ReplayLater() {
  parts_.network->After(parts_.node, kReplayPeriod, [this] {
    parts_.hints->Expire(parts_.clock->WallMilliseconds(), kHintWindow);
    std::vector<net::NodeNumber> nodes;
    for (const replication::HintCount& count : parts_.hints->Counts()) nodes.push_back(count.node);
    Replay(std::move(nodes));
  });
}

void SimUpkeep::Replay(std::vector<net::NodeNumber> nodes) {
  const replication::ViewPtr view = parts_.view();
  while (!nodes.empty()) {
    const net::NodeNumber node = nodes.back();
    nodes.pop_back();
    if (view == nullptr || (view->Find(node) != nullptr && !view->IsLive(node))) continue;
    if (view->Find(node) == nullptr) {
      parts_.hints->Drop(node);
      continue;
    }
    replication::HintReplay::Parts replay;
    replay.store = parts_.hints;
    replay.clock = parts_.clock;
    replay.window = kHintWindow;
    const auto running = std::make_shared<replication::HintReplay>(node, replay);
    return parts_.runner->Run(running, {}, [this, nodes] { Replay(nodes); });
  }
  ReplayLater();
}

void SimUpkeep::OnView() {
  streams_.OnView(parts_.view());
  Stream();
}

void SimUpkeep::Stream() {
  while (const auto stream = streams_.Next(now())) {
    parts_.stream_runner->Run(stream, {}, [this, stream] {
      streams_.OnEnded(*stream, now());
      if (stream->status().ok()) parts_.streamed(stream->session(), stream->partition());
      Stream();
    });
  }
  const Millis due = streams_.next_due();
  if (due == replication::kNever || due >= stream_at_) return;
  stream_at_ = due;
  parts_.network->After(parts_.node, due > now() ? due - now() : 0, [this, due] {
    if (stream_at_ != due) return;
    stream_at_ = replication::kNever;
    Stream();
  });
}

}  // namespace trifecta::sim
