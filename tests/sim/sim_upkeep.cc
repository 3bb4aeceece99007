#include "tests/sim/sim_upkeep.h"

#include <algorithm>
#include <utility>

namespace trifecta::sim {
namespace {

// When there is nothing to compare with, it is looked again after this.
constexpr Millis kLookAgain = 200;

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
  if (parts_.repairs) CompareAt(now() + kLookAgain);
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
