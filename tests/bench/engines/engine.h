// One store under measurement: ours, or a peer that Debian packages. All of them do the same work:
// an ordered set of words on disk, whose batches are durable when the call returns.
//
// An engine lives in a process of its own, which ends at the first error (common/die.h).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trifecta::bench {

// The cache that a peer with a cache of its own is given: enough for every data set uncompressed,
// so that none is starved where ours and LMDB have the page cache. It shows in their memory.
inline constexpr size_t kPeerCacheBytes = 512u << 20;

// What a scan has seen.
struct ScanSum {
  uint64_t words = 0;
  uint64_t bytes = 0;
  void Add(std::string_view word) {
    ++words;
    bytes += word.size();
  }
};

class Engine {
 public:
  virtual ~Engine() = default;

  // Opens or makes the store in a folder that is there.
  virtual void Open(const std::string& folder) = 0;
  // An orderly end; Open may follow.
  virtual void Close() = 0;

  // Stores the words; they are on the disk when it returns. `sorted`: they follow in order on what
  // is there, and the engine may use that.
  virtual void Add(std::span<const std::string_view> words, bool sorted) = 0;
  virtual void Delete(std::span<const std::string_view> words) = 0;
  // False: a static structure, built from all words in one Add, that Delete cannot be asked of.
  virtual bool updatable() const { return true; }

  // Brings the store to its smallest form, as its documentation says.
  virtual void Compact() = 0;

  virtual bool Contains(std::string_view word) = 0;

  // The first words with a prefix, in order, copied into the engine's own buffer; how many.
  virtual size_t Complete(std::string_view prefix, size_t limit) = 0;
  virtual std::string_view Completion(size_t i) const = 0;

  // Looks at every word, in order.
  virtual ScanSum Scan() = 0;

  // The process whose memory counts: the engine's own, unless it is a server.
  virtual pid_t process() const;
};

std::unique_ptr<Engine> MakeTrifecta();
std::unique_ptr<Engine> MakeLmdb();
std::unique_ptr<Engine> MakeLevelDb();
std::unique_ptr<Engine> MakeRocksDb();
std::unique_ptr<Engine> MakeSqlite();
std::unique_ptr<Engine> MakeMarisa();
std::unique_ptr<Engine> MakeRedis();

struct NamedEngine {
  std::string name;
  std::unique_ptr<Engine> (*make)();
};
// All of them, ours first.
const std::vector<NamedEngine>& Engines();

}  // namespace trifecta::bench
