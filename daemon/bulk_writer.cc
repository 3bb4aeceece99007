#include "daemon/bulk_writer.h"

#include <exception>
#include <utility>

namespace trifecta::daemon {

void BulkBatch::AppendWords(std::vector<std::string_view>* to) const {
  uint32_t begin = 0;
  for (const uint32_t end : ends_) {
    to->push_back(std::string_view(bytes_).substr(begin, end - begin));
    begin = end;
  }
}

BulkWriter::BulkWriter(Coordinator* coordinator, Operation operation, Consistency consistency,
                       std::chrono::milliseconds batch_time)
    : coordinator_(coordinator),
      operation_(operation),
      consistency_(consistency),
      batch_time_(batch_time) {}

BulkWriter::~BulkWriter() { Stop(); }

void BulkWriter::Stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

Result<uint64_t> BulkWriter::Write(const BulkBatch& batch) {
  if (batch.empty()) return uint64_t{0};
  try {
    words_.clear();
    batch.AppendWords(&words_);
    const auto deadline = std::chrono::steady_clock::now() + batch_time_;
    return coordinator_->Write(operation_, words_, {consistency_, deadline});
  } catch (const std::exception& exception) {
    return Status(StatusCode::kInternal, exception.what());
  }
}

void BulkWriter::Store(const BulkBatch& batch) {
  const Result<uint64_t> existed = Write(batch);
  std::lock_guard lock(mutex_);
  if (!existed.ok()) {
    failure_ = existed.status();
    return;
  }
  totals_.words += batch.size();
  totals_.existed += *existed;
  totals_.through_line = batch.last_line;
}

void BulkWriter::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return waiting_ || stop_; });
    if (stop_) return;
    BulkBatch batch = std::move(*waiting_);
    waiting_.reset();
    if (!failure_.ok()) continue;
    storing_ = true;
    changed_.notify_all();
    lock.unlock();
    Store(batch);
    batch.Clear();
    lock.lock();
    spare_ = std::move(batch);
    storing_ = false;
    changed_.notify_all();
  }
}

Status BulkWriter::Submit(BulkBatch* batch) {
  if (!thread_.joinable()) thread_ = std::thread(&BulkWriter::Run, this);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !waiting_ || !failure_.ok(); });
  if (!failure_.ok()) return failure_;
  waiting_ = std::exchange(*batch, std::move(spare_));
  spare_ = BulkBatch();
  changed_.notify_all();
  return Status::Ok();
}

Status BulkWriter::Finish(BulkBatch* batch) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return (!waiting_ || !failure_.ok()) && !storing_; });
    if (!failure_.ok()) return failure_;
  }
  Store(*batch);
  std::lock_guard lock(mutex_);
  return failure_;
}

BulkWriter::Totals BulkWriter::totals() const {
  std::lock_guard lock(mutex_);
  return totals_;
}

}  // namespace trifecta::daemon
