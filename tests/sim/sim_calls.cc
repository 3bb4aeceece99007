#include "tests/sim/sim_calls.h"

#include <memory>
#include <utility>

namespace trifecta::sim {
namespace {

// An attempt to connect that nobody answers is given up after this.
constexpr Millis kConnectTimeout = 1'000;
// Over a link that loses messages, the connection of so many calls is lost if they are not answered
// after a while; the others wait for their deadline.
constexpr uint64_t kResetPerMillion = 500'000;
constexpr Millis kResetMin = 20, kResetMax = 500;

}  // namespace

void SimCalls::Call(NodeIndex from, NodeIndex to, std::string request, Millis deadline, Done done) {
  const uint64_t call = ++next_;
  pending_.emplace(call, Pending{from, std::move(done)});
  const Millis now = network_->now();
  const Millis patience = deadline > now ? deadline - now : 0;
  EndAfter(call, from, patience, {StatusCode::kTimeout, "no answer in time"});
  const bool cut = network_->is_cut(from, to) || network_->is_cut(to, from);
  if (cut || !network_->running(to)) {
    // A machine that is up refuses at once; across a cut nobody does.
    EndAfter(call, from, cut ? kConnectTimeout : 1, {StatusCode::kUnavailable, "no connection"});
    return;
  }
  if (network_->IsLossy(from, to) && network_->random()->Chance(kResetPerMillion)) {
    const Millis reset = kResetMin + network_->random()->Below(kResetMax - kResetMin);
    EndAfter(call, from, reset, {StatusCode::kUnavailable, "connection lost"});
  }
  const size_t bytes = request.size();
  const auto came_before = std::make_shared<bool>(false);
  network_->Carry(from, to, bytes, [=, this, request = std::move(request)] {
    Reply reply;
    if (std::exchange(*came_before, true)) {
      reply = [](const std::string&) {};
    } else {
      reply = [=, this](std::string answer) {
        const size_t size = answer.size();
        network_->Carry(to, from, size,
                        [this, call, answer = std::move(answer)] { End(call, answer); });
      };
    }
    serve_(to, from, request, patience, std::move(reply));
  });
}

void SimCalls::EndAfter(uint64_t call, NodeIndex from, Millis delay, Status status) {
  network_->After(from, delay, [this, call, status = std::move(status)] { End(call, status); });
}

void SimCalls::End(uint64_t call, const Result<std::string>& reply) {
  const auto found = pending_.find(call);
  if (found == pending_.end()) return;
  const Done done = std::move(found->second.done);
  pending_.erase(found);
  done(reply);
}

void SimCalls::Forget(NodeIndex from) {
  std::erase_if(pending_, [from](const auto& item) { return item.second.from == from; });
}

}  // namespace trifecta::sim
