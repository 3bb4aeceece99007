// One story that goes through every change of a store's files: opening, writes and deletes,
// checkpoints that make and split tablets, a segment that fills up, a frame larger than a segment,
// a stop without notice, a clean one. Tests tell it up to any point and break something there.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/store.h"
#include "tests/support/entry_sets.h"
#include "tests/support/small_store.h"

namespace trifecta::test {

class StoreStory {
 public:
  // The store is SmallStore(files, folder).
  StoreStory(FileSystem* files, std::string folder);

  bool done() const { return next_ == steps_.size(); }
  // Takes the next step; when it fails the same step comes next again. ok when all is done.
  Status Step();
  // Steps to the end or the first failure.
  Status Run();

  // Ends the process, as the store sees it. Then Reopen; steps can go on.
  void Kill() { store_.reset(); }
  Status Reopen();

  // Null while it is closed.
  storage::Store* store() { return store_.get(); }
  // What was acknowledged, and with the write that failed last, if it is the next step.
  const EntryMap& acknowledged() const { return acknowledged_; }
  EntryMap acknowledged_or_sent() const;
  // "" when the store holds the one or the other, and nothing else; and answers look-ups, counts
  // and searches in both directions accordingly.
  std::string Judge();

  // How often the store told its failure.
  int failures() const { return failures_; }

 private:
  enum Kind { kOpen, kWrite, kCheckpoint, kClose, kKill };
  struct Part {
    Kind kind;
    EntryMap entries = {};
  };

  static std::vector<Part> Parts();

  const storage::StoreOptions options_;
  const std::vector<Part> steps_;
  size_t next_ = 0;
  std::unique_ptr<storage::Store> store_;
  EntryMap acknowledged_;
  int failures_ = 0;
};

}  // namespace trifecta::test
