#include "daemon/replication/hint_store.h"

#include <algorithm>
#include <utility>

#include "storage/base/text.h"

namespace trifecta::replication {
namespace {

// What entries take on disk, at most: a record's overhead, and that of their frames.
uint64_t DiskBytes(std::span<const Entry> entries) {
  constexpr uint64_t kRecordOverhead = 15;
  uint64_t bytes = (1 + entries.size() / kHintFrameEntries) *
                   (storage::kFrameHeaderBytes + storage::kFrameAlignment);
  for (const Entry& entry : entries) bytes += entry.word.size() + kRecordOverhead;
  return bytes;
}

}  // namespace

HintStore::HintStore(HintStoreOptions options)
    : options_(std::move(options)), salts_(options_.seed) {}

Result<std::unique_ptr<HintStore>> HintStore::Open(HintStoreOptions options) {
  std::unique_ptr<HintStore> store(new HintStore(std::move(options)));
  const std::string& folder = store->options_.folder;
  FileSystem* files = store->options_.file_system;
  TRIFECTA_RETURN_IF_ERROR(files->CreateFolder(folder).WithContext("hints"));
  const Result<std::vector<std::string>> names = files->List(folder);
  if (!names.ok()) return names.status().WithContext("hints");
  for (const std::string& name : *names) {  // sorted, so segments come in their order
    const std::optional<HintFile> file = ParseHintFileName(name);
    if (file) store->QueueOf(file->node)->Recover(file->segment);
  }
  return store;
}

HintQueue* HintStore::QueueOf(NodeNumber node) {
  return &queues_.try_emplace(node, node, options_.folder, options_.file_system, options_.logger)
              .first->second;
}

void HintStore::Add(std::span<const Hint> hints, uint64_t wall) {
  std::map<NodeNumber, std::vector<Entry>> by_node;
  for (const Hint& hint : hints) {
    by_node[hint.node].push_back({hint.word, hint.version, hint.tombstone});
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [node, entries] : by_node) AddTo(node, entries, wall);
}

void HintStore::AddTo(NodeNumber node, std::span<const Entry> entries, uint64_t wall) {
  uint64_t bytes = 0;
  for (const auto& [number, queue] : queues_) bytes += queue.bytes();
  const uint64_t more = DiskBytes(entries);
  HintQueue* queue = QueueOf(node);
  if (queue->bytes() + more > options_.node_bytes_max || bytes + more > options_.bytes_max) {
    return NoteDropped(node, entries.size(), "there are too many");
  }
  const Status status = queue->Append(entries, wall, &salts_);
  if (!status.ok()) NoteDropped(node, entries.size(), status.message());
}

void HintStore::NoteDropped(NodeNumber node, size_t count, std::string_view why) {
  dropped_ += count;
  if (std::exchange(complained_[node], true)) return;
  options_.logger->Warning(StrCat("hints for node ", node, " are dropped: ", why,
                                  "; anti-entropy will find what it lacks"));
}

HintBatch HintStore::Next(NodeNumber node, size_t entries_max, size_t bytes_max) {
  HintBatch batch;
  batch.node = node;
  const std::lock_guard lock(mutex_);
  const auto at = queues_.find(node);
  if (at != queues_.end()) at->second.Next(entries_max, bytes_max, not_before_, &batch);
  return batch;
}

void HintStore::Done(const HintBatch& batch) {
  const std::lock_guard lock(mutex_);
  const auto at = queues_.find(batch.node);
  if (at == queues_.end()) return;
  at->second.Done(batch);
  if (at->second.empty()) complained_.erase(batch.node);
}

void HintStore::Drop(NodeNumber node) {
  const std::lock_guard lock(mutex_);
  const auto at = queues_.find(node);
  if (at == queues_.end()) return;
  at->second.DropAll();
  complained_.erase(node);
}

void HintStore::Expire(uint64_t wall, uint64_t window) {
  const std::lock_guard lock(mutex_);
  not_before_ = wall - std::min(wall, window);
  for (auto& [node, queue] : queues_) queue.DropOlder(not_before_);
}

std::vector<HintCount> HintStore::Counts() const {
  const std::lock_guard lock(mutex_);
  std::vector<HintCount> counts;
  for (const auto& [node, queue] : queues_) {
    if (!queue.empty()) counts.push_back({node, queue.hints(), queue.bytes(), queue.oldest()});
  }
  return counts;
}

uint64_t HintStore::hints() const {
  uint64_t hints = 0;
  for (const HintCount& count : Counts()) hints += count.hints;
  return hints;
}

uint64_t HintStore::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace trifecta::replication
