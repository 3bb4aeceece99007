#include "storage/merge_batch.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <thread>
#include <utility>

namespace trifecta::storage {
namespace {

// What the threads share: they take the inputs in order, until one fails.
struct Work {
  const MergeBatchOptions& options;
  std::span<const MergeInput> inputs;
  std::vector<std::vector<TabletPtr>> made;
  std::vector<Status> statuses;
  std::atomic<size_t> next = 0;
  std::atomic<bool> failed = false;
  std::atomic<uint64_t> written_bytes = 0;
};

void MergeSome(Work* work) {
  TabletMerger merger(work->options.file_system, work->options.folder, work->options.tablet_bytes,
                      work->options.next_file);
  while (!work->failed) {
    const size_t i = work->next++;
    if (i >= work->inputs.size()) break;
    work->statuses[i] = merger.Merge(work->inputs[i], &work->made[i]);
    if (!work->statuses[i].ok()) work->failed = true;
  }
  work->written_bytes += merger.written_bytes();
}

}  // namespace

MergedBatch MergeBatch(const MergeBatchOptions& options, std::span<const MergeInput> inputs) {
  Work work{options, inputs, std::vector<std::vector<TabletPtr>>(inputs.size()),
            std::vector<Status>(inputs.size())};
  std::vector<std::thread> helpers;
  const size_t threads = std::min<size_t>(options.threads, inputs.size());
  for (size_t i = 1; i < threads; ++i) helpers.emplace_back(MergeSome, &work);
  MergeSome(&work);
  for (std::thread& helper : helpers) helper.join();

  MergedBatch merged;
  merged.written_bytes = work.written_bytes;
  // All before the first one that failed were taken before it, and have been waited for.
  const auto failed = std::find_if(work.statuses.begin(), work.statuses.end(),
                                   [](const Status& status) { return !status.ok(); });
  merged.inputs = static_cast<size_t>(failed - work.statuses.begin());
  if (failed != work.statuses.end()) merged.status = *failed;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (i < merged.inputs) {
      std::move(work.made[i].begin(), work.made[i].end(), std::back_inserter(merged.made));
      continue;
    }
    for (const TabletPtr& tablet : work.made[i]) {
      if (tablet != inputs[i].tablet) (void)options.file_system->Remove(tablet->file->name());
    }
  }
  return merged;
}

}  // namespace trifecta::storage
