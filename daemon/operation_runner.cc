#include "daemon/operation_runner.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "daemon/replication/messages.h"

namespace trifecta::daemon {

using replication::Actions;
using replication::Call;
using replication::kNever;
using replication::Millis;
using replication::Operation;
using replication::ViewPtr;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

// The runner's thread looks at operations whose threads have left at least this often, for what
// comes due; their own deadlines are seconds away.
constexpr milliseconds kLookPeriod{20};

net::PeerClass PeerClassOf(replication::CallClass call_class) {
  switch (call_class) {
    case replication::CallClass::kRead:
      return net::PeerClass::kRead;
    case replication::CallClass::kWrite:
      return net::PeerClass::kWrite;
    case replication::CallClass::kBackground:
      break;
  }
  return net::PeerClass::kBulk;
}

}  // namespace

Millis NowMillis() {
  return std::chrono::duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

steady_clock::time_point TimePointOf(Millis millis) {
  // A deadline far away must not overflow nanoseconds.
  constexpr Millis kFarthest = Millis{1} << 42;
  return steady_clock::time_point(milliseconds(std::min(millis, kFarthest)));
}

// One operation under way. Its calls are carried out without its lock, since the transport may
// answer at once.
class OperationRunner::Running : public std::enable_shared_from_this<Running> {
 public:
  // `by_one_thread`: replies and background calls wait for the thread in Wait.
  Running(OperationRunner* runner, std::shared_ptr<Operation> operation, bool by_one_thread)
      : runner_(*runner),
        parts_(runner->parts_),
        by_one_thread_(by_one_thread),
        operation_(std::move(operation)) {}

  void Start() {
    view_ = parts_.view();
    Step([this](Actions* actions) { operation_->Start(view_, NowMillis(), actions); });
  }

  // Waits, and works, until there is an answer or, `until_done`, nothing more to come.
  void Wait(bool until_done) {
    std::unique_lock lock(mutex_);
    while (!(until_done ? operation_->done() : operation_->answered()) && !abandoned_) {
      if (!local_.empty()) {
        AnswerLocally(&local_, &lock);
        continue;
      }
      if (!replies_.empty()) {
        TakeReply(&lock);
        continue;
      }
      const Millis due = operation_->next_due();
      if (due == kNever) {
        changed_.wait(lock);
      } else if (due > NowMillis()) {
        changed_.wait_until(lock, TimePointOf(due));
      }
      TickLocked(&lock);
    }
    attended_ = false;
  }

  // What keeps no client waiting: background calls and, when nobody waits any more, all the rest.
  void Look() {
    std::unique_lock lock(mutex_);
    while (!background_.empty()) AnswerLocally(&background_, &lock);
    if (attended_) return;
    while (!local_.empty()) AnswerLocally(&local_, &lock);
    TickLocked(&lock);
  }

  // Something is left for Look.
  bool HasWork() {
    std::lock_guard lock(mutex_);
    return HasWorkLocked();
  }

  // Nothing more will come of it, and nobody waits.
  bool HasEnded() {
    std::lock_guard lock(mutex_);
    return !attended_ && operation_->done() && !HasWorkLocked();
  }

  void OnView(const ViewPtr& view) {
    std::unique_lock lock(mutex_);
    TakeView(view, &lock);
  }

  void Abandon() {
    std::lock_guard lock(mutex_);
    abandoned_ = true;
    changed_.notify_all();
  }

 private:
  template <typename Input>
  void Step(const Input& input) {
    std::unique_lock lock(mutex_);
    StepLocked(&lock, input);
  }

  // Gives the operation an input and carries out what it then wants, for which the lock is given
  // up.
  template <typename Input>
  void StepLocked(std::unique_lock<std::mutex>* lock, const Input& input) {
    Actions actions;
    input(&actions);
    for (Call& call : actions.calls) {
      if (call.to == view_->self) QueueFor(call)->push_back(std::move(call));
    }
    if (actions.pull_from != net::kNoNodeNumber) wanted_epoch_ = actions.pull_epoch;
    changed_.notify_all();
    const ViewPtr view = view_;
    const bool work = HasWorkLocked();
    lock->unlock();
    if (work) runner_.Wake();
    CarryOut(view, &actions);
    lock->lock();
  }

  std::deque<Call>* QueueFor(const Call& call) {
    const bool waits = by_one_thread_ || call.call_class != replication::CallClass::kBackground;
    return waits ? &local_ : &background_;
  }

  bool HasWorkLocked() const { return !background_.empty() || (!attended_ && !local_.empty()); }

  void CarryOut(const ViewPtr& view, Actions* actions) {
    for (Call& call : actions->calls) {
      if (call.to != view->self) Send(*view, &call);
    }
    if (!actions->hints.empty()) parts_.store_hints(actions->hints);
    if (actions->pull_from == net::kNoNodeNumber) return;
    if (actions->pull_from != view->self) parts_.pull(actions->pull_from, actions->pull_epoch);
    // It may be in force already.
    OnView(parts_.view());
  }

  void Send(const replication::ClusterView& view, Call* call) {
    const replication::NodeView* node = view.Find(call->to);
    const uint32_t id = call->id;
    if (node == nullptr) {
      return OnReply(id, Status(StatusCode::kUnavailable, "the node is no member any more"));
    }
    parts_.transport->Call(net::ItemKind::kReplica, PeerClassOf(call->call_class),
                           {node->id, node->address}, std::move(call->request),
                           TimePointOf(call->deadline),
                           [self = shared_from_this(), id](Result<std::string> reply) {
                             self->OnReply(id, std::move(reply));
                           });
  }

  void OnReply(uint32_t id, Result<std::string> reply) {
    if (by_one_thread_) {
      std::lock_guard lock(mutex_);
      replies_.emplace_back(id, std::move(reply));
      changed_.notify_all();
      return;
    }
    const Result<std::string_view> view =
        reply.ok() ? Result<std::string_view>(*reply) : Result<std::string_view>(reply.status());
    Step([&](Actions* actions) { operation_->OnReply(id, view, NowMillis(), actions); });
  }

  void TakeReply(std::unique_lock<std::mutex>* lock) {
    const auto [id, reply] = std::move(replies_.front());
    replies_.pop_front();
    const Result<std::string_view> view =
        reply.ok() ? Result<std::string_view>(*reply) : Result<std::string_view>(reply.status());
    StepLocked(lock, [&, id = id](Actions* actions) {
      operation_->OnReply(id, view, NowMillis(), actions);
    });
  }

  void AnswerLocally(std::deque<Call>* queue, std::unique_lock<std::mutex>* lock) {
    const Call call = std::move(queue->front());
    queue->pop_front();
    if (call.deadline < NowMillis()) return;  // the operation has given it up
    lock->unlock();
    const std::string reply = parts_.answer_locally(call.request);
    lock->lock();
    StepLocked(lock, [&](Actions* actions) {
      operation_->OnReply(call.id, std::string_view(reply), NowMillis(), actions);
    });
  }

  void TickLocked(std::unique_lock<std::mutex>* lock) {
    const Millis now = NowMillis();
    if (operation_->done() || operation_->next_due() > now) return;
    StepLocked(lock, [&](Actions* actions) { operation_->OnTick(now, actions); });
  }

  void TakeView(const ViewPtr& view, std::unique_lock<std::mutex>* lock) {
    if (wanted_epoch_ == 0 || view->ring->epoch < wanted_epoch_) return;
    wanted_epoch_ = 0;
    view_ = view;
    StepLocked(lock, [&](Actions* actions) { operation_->OnView(view, NowMillis(), actions); });
  }

  OperationRunner& runner_;
  const RunnerParts& parts_;
  const bool by_one_thread_;
  std::mutex mutex_;  // guards what follows, and orders the calls of the operation
  std::condition_variable changed_;
  const std::shared_ptr<Operation> operation_;
  ViewPtr view_;                 // that the operation has
  std::deque<Call> local_;       // for the thread in Wait, while there is one
  std::deque<Call> background_;  // for the runner's thread
  std::deque<std::pair<uint32_t, Result<std::string>>> replies_;  // only by_one_thread_
  net::Epoch wanted_epoch_ = 0;  // not 0: it waits for a ring of that epoch or a later one
  bool attended_ = true;         // a thread is in Wait
  bool abandoned_ = false;
};

OperationRunner::OperationRunner(RunnerParts parts)
    : parts_(std::move(parts)), thread_(&OperationRunner::Loop, this) {}

OperationRunner::~OperationRunner() { Stop(); }

void OperationRunner::Stop() {
  std::unordered_set<RunningPtr> left;
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
    changed_.notify_all();
    left.swap(all_);
  }
  for (const RunningPtr& running : left) running->Abandon();
  if (thread_.joinable()) thread_.join();
}

OperationRunner::RunningPtr OperationRunner::Add(const std::shared_ptr<Operation>& operation,
                                                 bool by_one_thread) {
  auto running = std::make_shared<Running>(this, operation, by_one_thread);
  std::lock_guard lock(mutex_);
  all_.insert(running);
  return running;
}

void OperationRunner::WaitFor(const RunningPtr& running, bool until_done) {
  running->Start();
  running->Wait(until_done);
  if (until_done) running->Look();
  if (running->HasEnded()) {
    std::lock_guard lock(mutex_);
    all_.erase(running);
  } else if (running->HasWork()) {
    Wake();
  }
}

void OperationRunner::Wake() {
  std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void OperationRunner::Run(const std::shared_ptr<Operation>& operation) {
  WaitFor(Add(operation, false), false);
}

void OperationRunner::RunToEnd(const std::shared_ptr<Operation>& operation) {
  WaitFor(Add(operation, true), true);
}

void OperationRunner::OnView(const ViewPtr& view) {
  std::vector<RunningPtr> running;
  {
    std::lock_guard lock(mutex_);
    running.assign(all_.begin(), all_.end());
  }
  for (const RunningPtr& one : running) one->OnView(view);
}

size_t OperationRunner::running() const {
  std::lock_guard lock(mutex_);
  return all_.size();
}

void OperationRunner::Loop() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const milliseconds period = all_.empty() ? std::chrono::seconds(1) : kLookPeriod;
    changed_.wait_for(lock, period, [this] { return woken_ || stop_; });
    woken_ = false;
    const std::vector<RunningPtr> running(all_.begin(), all_.end());
    lock.unlock();
    std::vector<RunningPtr> ended;
    for (const RunningPtr& one : running) {
      one->Look();
      if (one->HasEnded()) ended.push_back(one);
    }
    lock.lock();
    for (const RunningPtr& one : ended) all_.erase(one);
  }
}

}  // namespace trifecta::daemon
