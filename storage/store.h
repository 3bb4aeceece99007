// The face of storage: a set of versioned words on disk, ordered by bytes.
//
// What it promises: Write returns only when its entries are durable (one fdatasync, shared by all
// writers that wait) and visible; what was acknowledged survives kill -9 and power loss; entries
// merge by version, so writing one twice, or an older one later, changes nothing. Readers take no
// lock and never wait for writers or checkpoints. Damage is found when touched and reported with
// file and offset (kDataDamaged), never served.
//
// How: a log for the node (storage/log.h), a memtable for what is newer than the base
// (storage/memtable.h), and immutable, memory-mapped base files, one a tablet: a range of
// neighbouring words (storage/base_file.h). A checkpoint merges the memtable into new base files
// and publishes them by a new manifest. Bytes on disk: storage/FORMAT.md.
//
// Shards, the unit of placement, are ranges of words by prefix and may be many and tiny; tablets,
// the unit of files, are cut by size alone. A shard needs no file of its own: it is a range scan.
//
// Threads: every const method and Write may be called from any number of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/entry.h"
#include "storage/base/file_system.h"
#include "storage/base/logger.h"
#include "storage/base/status.h"
#include "storage/word_range.h"

namespace trifecta::storage {

// An entry that took effect, and the one of the same word that it took the place of.
struct AppliedEntry {
  std::string_view word;  // valid during the call
  bool known = false;     // there was one before; else the next two mean nothing
  Version old_version;    // its version
  bool old_tombstone = false;
  Version version;
  bool tombstone = false;
};

// Hears of every change of what a store holds, for who keeps something beside it: digests, counts.
class EntryObserver {
 public:
  virtual ~EntryObserver() = default;
  // The entries of one group of writes that took effect, in the order of application, so that a
  // word may come twice; never none. Called in a writer's thread when they are durable and all
  // visible to readers, and before any Write of the group returns; groups come in their order,
  // one call at a time. Writes wait for it: it must be short. It may read the store, but not write
  // to it or ask for a checkpoint.
  virtual void OnApplied(std::span<const AppliedEntry> entries) = 0;
};

struct StoreOptions {
  std::string folder;  // made if missing; held by a lock while open
  FileSystem* file_system = PosixFileSystem();
  Logger* logger = NullLogger();
  // A checkpoint starts when the memtable holds this many bytes, or earlier while the base is
  // small. At most twice as much memory is used (one memtable filling, one being merged).
  uint64_t memtable_bytes = 128u << 20;
  // A tablet is split when its base file would grow above this many bytes.
  uint64_t tablet_bytes = 8u << 20;
  // One log segment; preallocated, so it is also the room a nearly full disk must have.
  uint64_t log_segment_bytes = 16u << 20;
  // Tablets that a checkpoint merges side by side, and the one in Close, when nobody waits for
  // anything else; each takes some 30 MiB of memory. One: by the thread of the checkpoint.
  unsigned merge_threads = 1;
  unsigned close_threads = 1;
  // False: checkpoints run only when Checkpoint() is called (tests).
  bool background = true;
  // Open goes on where base files are damaged or missing: for a node whose other replicas can
  // refill what is lost. Their words are in StoreStats::damaged_ranges, and asking for them gives
  // kDataDamaged. False: it fails with kDataDamaged.
  bool tolerate_damage = false;
  // Told of the writes, as if by Observe before the first one; outlives the store.
  EntryObserver* observer = nullptr;
};

// What Write did with one entry, judged against the newest entry before it.
struct WriteOutcome {
  bool existed = false;  // a live word was there
  bool applied = false;  // the entry took effect; false: an equal or newer one was there
  Version newest;        // the version that the store holds now
  Version before;        // of the newest entry before it, live or not; zero: there was none
};

// The answer to a lookup. `known` is false when no entry of the word is stored at all.
struct Lookup {
  bool known = false;
  bool live = false;
  Version version;
};

// Entries in order, in one buffer that is reused from call to call (no allocation once warm).
class Page {
 public:
  size_t size() const { return ends_.size(); }
  bool empty() const { return ends_.empty(); }
  std::string_view word(size_t i) const {
    const uint32_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }
  Version version(size_t i) const { return versions_[i].version; }
  bool tombstone(size_t i) const { return versions_[i].tombstone; }

  void Clear() {
    bytes_.clear();
    ends_.clear();
    versions_.clear();
  }
  void Add(std::string_view word, Version version, bool tombstone) {
    bytes_.append(word);
    ends_.push_back(static_cast<uint32_t>(bytes_.size()));
    versions_.push_back({version, tombstone});
  }

 private:
  struct Stamp {
    Version version;
    bool tombstone;
  };
  std::string bytes_;
  std::vector<uint32_t> ends_;
  std::vector<Stamp> versions_;
};

enum class Order { kAscending, kDescending };

struct SearchOptions {
  std::string_view prefix;  // only words that begin with it
  std::string_view after;   // only words beyond it in `order`, exclusive; empty: from the start
  size_t limit = 10;        // at most kPageEntriesMax
  Order order = Order::kAscending;
  bool tombstones = false;  // deleted entries too (for replicas)
};

struct StoreStats {
  uint64_t words = 0;  // live
  uint64_t memtable_entries = 0, memtable_bytes = 0;
  uint64_t tablets = 0, base_bytes = 0, base_entries = 0;
  uint64_t log_bytes = 0, log_segments = 0;
  uint64_t checkpoints = 0, checkpoint_failures = 0;
  uint64_t syncs = 0, sync_seconds_e6 = 0;  // log syncs and the microseconds they took
  uint64_t written_bytes = 0;               // to log, base files and manifests since opening
  bool damaged = false;  // damage was met and is not made good yet; `damage` says where
  std::string damage;
  // Where damage was met: of the words there, some cannot be read. See Discard.
  std::vector<WordRange> damaged_ranges;
  // Where entries that were acknowledged were given up by Discard, and are not there again by word
  // of Refilled. Kept over restarts, so that a node does not take "not there" for an answer.
  std::vector<WordRange> lost_ranges;
  bool disk_full = false;  // the last write or checkpoint found no room
};

class Store {
 public:
  // Opens or makes the store in options.folder and replays the log. kAlreadyInUse when another
  // process holds the folder, kDataDamaged with file and offset when a checksum fails, an
  // acknowledged record is missing or the format is unknown.
  static Result<std::unique_ptr<Store>> Open(StoreOptions options);

  // Stops the background threads. What was acknowledged is in the log; nothing is checkpointed.
  virtual ~Store() = default;

  // Stores the entries (words must be valid, at most kWriteEntriesMax) and fills one outcome for
  // each (`outcomes` may be empty). Entries of one call may be of one word; they apply in order.
  // kDiskFull: nothing was stored; try again when there is room. kDataDamaged: an entry's place in
  // the base cannot be read; nothing was stored. kIoError: the log failed; the store takes no more
  // writes (see failed()) and whether these entries survive is unknown.
  virtual Status Write(std::span<const Entry> entries, std::span<WriteOutcome> outcomes) = 0;

  // From now on `observer` is told of the writes (null: nobody is), whole groups each. Any thread,
  // but not from OnApplied; when it returns, no call to the one before is under way. Not told: what
  // Open replays, and entries that Purge or Discard takes away. Where a word's older entry lay in
  // a damaged page that is met only after the write was made durable, it counts as not known.
  virtual void Observe(EntryObserver* observer) = 0;

  // Runs `read` while no group is being applied: it finds exactly what an observer has been told of
  // so far. Writes wait meanwhile: a page or two at a time. Not from OnApplied.
  virtual void BetweenWrites(const std::function<void()>& read) const = 0;

  // The newest entry of a word.
  virtual Result<Lookup> Get(std::string_view word) const = 0;

  // Replaces `page` with the next entries by options. A page shorter than the limit is the end.
  virtual Status Search(const SearchOptions& options, Page* page) const = 0;

  // Live words that begin with `prefix`, exactly; a few microseconds however many they are.
  virtual Result<uint64_t> Count(std::string_view prefix) const = 0;

  // The roots of the shards that hold live words and begin with `prefix`, in order: each word's
  // first k_factor characters, and "" where shorter words exist.
  virtual Result<std::vector<std::string>> ShardRoots(std::string_view prefix,
                                                      unsigned k_factor) const = 0;

  // Merges everything newer than the base into it now, and waits for that. kDiskFull leaves the
  // store as it was.
  virtual Status Checkpoint() = 0;

  // Takes every entry, live or not, whose word `keep` refuses out of the store for good, and gives
  // back its space: for words that other nodes hold now. Rewrites the base files that hold such
  // entries, some 16 MiB at a time; when it fails or the process ends, what was done so far stays
  // done, and calling it again does the rest. Reads and writes go on; an entry of a refused word
  // that is written meanwhile may stay. `keep` is called in this thread, more than once for a word.
  // kDiskFull: there is no room for the next files. kDataDamaged: a base file on the way is damaged
  // (see Discard).
  virtual Status Purge(const std::function<bool(std::string_view word)>& keep) = 0;

  // Gives up what damage has made unreadable where a damaged range (StoreStats::damaged_ranges)
  // overlaps `range`: in its place come files with all that can still be read; what cannot is in
  // StoreStats::lost_ranges from then on. After that everything there can be read, as far as it is
  // left, and written, and checkpoints go through again. The damaged file is kept as *.damaged for
  // people. Does nothing where there is no damage. Survives power loss whole or not at all, for
  // each file. Only for who can fetch the lost words from elsewhere. kDiskFull: not all is done.
  virtual Status Discard(const WordRange& range) = 0;

  // Says that what was lost in `range` has been written again: takes it out of lost_ranges, for
  // good. kInvalidArgument when an end is longer than a word; kDiskFull: nothing changed.
  virtual Status Refilled(const WordRange& range) = 0;

  // Checkpoint, then give the preallocated log space back. Call once, when no Write is under way or
  // to come; reads go on until the destructor. The next Open replays nothing.
  virtual Status Close() = 0;

  virtual StoreStats Stats() const = 0;

  // Called once, from any thread, when the log has failed and the store takes no more writes: the
  // daemon then ends itself, since only a replay can tell what is on the disk.
  virtual void OnFailure(std::function<void(const Status&)> callback) = 0;
};

}  // namespace trifecta::storage
