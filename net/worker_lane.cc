#include "net/worker_lane.h"

#include <pthread.h>

#include <chrono>
#include <utility>

namespace trifecta::net {
namespace {

// Leaves the core's other thread more room while this one spins.
void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

WorkerLane::WorkerLane(std::string name, size_t workers, size_t queue,
                       std::chrono::microseconds look, Work work)
    : name_(std::move(name)),
      capacity_(workers + queue),
      look_(look),
      work_(std::move(work)),
      workers_(workers) {
  idle_.reserve(workers);
}

WorkerLane::~WorkerLane() { Stop(); }

void WorkerLane::Start() {
  for (Worker& worker : workers_) {
    worker.thread = std::thread([this, &worker] { Run(&worker); });
  }
}

bool WorkerLane::Push(ServerConnection* connection) {
  std::lock_guard lock(mutex_);
  if (load_ == capacity_) return false;
  ++load_;
  queue_.push_back(connection);
  has_work_.store(true, std::memory_order_relaxed);
  if (!looking_) WakeOne();
  return true;
}

bool WorkerLane::Full() {
  std::lock_guard lock(mutex_);
  return load_ == capacity_;
}

void WorkerLane::Done() {
  std::lock_guard lock(mutex_);
  --load_;
}

void WorkerLane::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (Worker& worker : workers_) worker.wanted.notify_one();
  }
  for (Worker& worker : workers_) {
    if (worker.thread.joinable()) worker.thread.join();
  }
}

void WorkerLane::WakeOne() {
  if (waking_ || idle_.empty()) return;
  waking_ = true;
  Worker* worker = idle_.back();
  idle_.pop_back();
  worker->woken = true;
  worker->wanted.notify_one();
}

void WorkerLane::Run(Worker* self) {
  pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
  while (ServerConnection* connection = Take(self)) work_(this, connection);
}

void WorkerLane::LookForWork(std::unique_lock<std::mutex>* lock) {
  looking_ = true;
  lock->unlock();
  const auto until = std::chrono::steady_clock::now() + look_;
  while (!has_work_.load(std::memory_order_relaxed) && std::chrono::steady_clock::now() < until) {
    Pause();
  }
  lock->lock();
  looking_ = false;
}

// The next request; nothing when the lane stops and its queue is empty.
ServerConnection* WorkerLane::Take(Worker* self) {
  std::unique_lock lock(mutex_);
  bool may_look = look_.count() > 0;
  while (queue_.empty()) {
    if (stopping_) return nullptr;
    if (std::exchange(may_look, false) && load_ == 0 && !looking_) {
      LookForWork(&lock);
      continue;
    }
    idle_.push_back(self);
    self->wanted.wait(lock, [&] { return self->woken || stopping_; });
    if (std::exchange(self->woken, false)) {
      waking_ = false;
    } else {
      std::erase(idle_, self);
    }
  }
  ServerConnection* connection = queue_.front();
  queue_.pop_front();
  has_work_.store(!queue_.empty(), std::memory_order_relaxed);
  if (!queue_.empty()) WakeOne();
  return connection;
}

}  // namespace trifecta::net
