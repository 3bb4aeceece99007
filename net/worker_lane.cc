#include "net/worker_lane.h"

#include <pthread.h>

#include <utility>

namespace trifecta::net {

WorkerLane::WorkerLane(std::string name, size_t workers, size_t queue, Work work)
    : name_(std::move(name)),
      capacity_(workers + queue),
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
  WakeOne();
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

// The next request; nothing when the lane stops and its queue is empty.
ServerConnection* WorkerLane::Take(Worker* self) {
  std::unique_lock lock(mutex_);
  while (queue_.empty()) {
    if (stopping_) return nullptr;
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
  if (!queue_.empty()) WakeOne();
  return connection;
}

}  // namespace trifecta::net
