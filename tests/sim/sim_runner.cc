#include "tests/sim/sim_runner.h"

#include <utility>
#include <vector>

namespace trifecta::sim {

using replication::Actions;
using replication::Call;
using replication::kNever;
using replication::Operation;

void SimRunner::Run(std::shared_ptr<Operation> operation, Task answered, Task done) {
  auto running = std::make_shared<Running>();
  running->operation = std::move(operation);
  running->answered = std::move(answered);
  running->done = std::move(done);
  running_.push_back(running);
  parts_.network->After(parts_.node, 0, [this, running] {
    running->view = parts_.view();
    Step(running, [&](Operation* begun, Actions* actions) {
      begun->Start(running->view, parts_.network->now(), actions);
    });
  });
}

template <typename Input>
void SimRunner::Step(const RunningPtr& running, const Input& input) {
  Actions actions;
  input(running->operation.get(), &actions);
  if (!parts_.alive()) return;
  CarryOut(running, &actions);
  const Operation& operation = *running->operation;
  if (operation.answered() && !running->told) {
    running->told = true;
    if (running->answered) running->answered();
  }
  if (operation.done()) {
    running_.remove(running);
    if (running->done) std::exchange(running->done, {})();
    return;
  }
  ScheduleWake(running);
}

void SimRunner::CarryOut(const RunningPtr& running, Actions* actions) {
  for (Call& call : actions->calls) {
    const uint32_t id = call.id;
    parts_.call(
        *running->view, std::move(call), [this, running, id](const Result<std::string>& reply) {
          const Result<std::string_view> bytes = reply.ok()
                                                     ? Result<std::string_view>(*reply)
                                                     : Result<std::string_view>(reply.status());
          Step(running, [&](Operation* operation, Actions* more) {
            operation->OnReply(id, bytes, parts_.network->now(), more);
          });
        });
  }
  if (!actions->hints.empty()) parts_.store_hints(actions->hints);
  if (actions->pull_from == net::kNoNodeNumber) return;
  running->wanted = actions->pull_epoch;
  if (actions->pull_from != running->view->self) {
    parts_.pull(actions->pull_from, actions->pull_epoch);
  }
  // It may be in force already.
  parts_.network->After(parts_.node, 0, [this, running] { TakeView(running); });
}

void SimRunner::OnView() {
  const std::vector<RunningPtr> all(running_.begin(), running_.end());
  for (const RunningPtr& running : all) TakeView(running);
}

void SimRunner::TakeView(const RunningPtr& running) {
  const replication::ViewPtr view = parts_.view();
  if (running->wanted == 0 || view->ring->epoch < running->wanted) return;
  running->wanted = 0;
  running->view = view;
  Step(running, [&](Operation* operation, Actions* actions) {
    operation->OnView(view, parts_.network->now(), actions);
  });
}

void SimRunner::ScheduleWake(const RunningPtr& running) {
  const Millis due = running->operation->next_due();
  if (due == kNever || due >= running->wake_at) return;
  running->wake_at = due;
  const Millis now = parts_.network->now();
  parts_.network->After(parts_.node, due > now ? due - now : 0, [this, running, due] {
    if (running->wake_at != due) return;
    running->wake_at = kNever;
    if (running->operation->done()) return;
    Step(running, [this](Operation* operation, Actions* actions) {
      operation->OnTick(parts_.network->now(), actions);
    });
  });
}

}  // namespace trifecta::sim
