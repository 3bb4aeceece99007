// What clients asked of a cluster, when, and what they were told: what the checker judges
// (tests/sim/checker.h). Black box: words and answers, no versions and no replicas, so that runs of
// real daemons can be recorded and judged the same way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/cluster_view.h"
#include "storage/store.h"

namespace trifecta::sim {

using net::Millis;
using replication::Consistency;

enum class Action : uint8_t { kAdd, kDelete, kLookup, kSearch, kCount };

constexpr bool IsWrite(Action action) {
  return action == Action::kAdd || action == Action::kDelete;
}

enum class Outcome : uint8_t {
  kOpen,     // not answered yet
  kOk,       // acknowledged
  kFailed,   // refused before anything was done: it never takes effect
  kUnknown,  // may have taken effect, may do so later, or never
};

// One operation of a client; a bulk request is one for each word.
struct Record {
  Action action = Action::kLookup;
  std::string word;  // or the prefix of a search or count
  Consistency consistency = Consistency::kQuorum;
  std::string after;  // of a search, like the next two
  size_t limit = 10;
  storage::Order order = storage::Order::kAscending;
  size_t node = 0;      // that was asked
  Millis deadline = 0;  // of the virtual clock; 0: none

  // Filled in by History. Stamps count the events of a history, so they are never equal and their
  // order is that of the events; `end` is 0 while open.
  uint64_t begin = 0, end = 0;
  Millis began_at = 0, ended_at = 0;
  Outcome outcome = Outcome::kOpen;

  // The answer, when kOk.
  bool found = false;              // lookup: it is there; add and delete: it was there before
  bool found_is_known = true;      // false: of a bulk request, which tells only how many were
  std::vector<std::string> words;  // of a search
  uint64_t count = 0;
  std::string reason;  // why not kOk, for people
};

// A line for people: "12.345 s..12.401 s  n2  add 'abc' quorum: ok, existed".
std::string ToText(const Record& record);

class History {
 public:
  // Returns the number of the operation.
  size_t Begin(Record record, Millis now);
  // The operation to be ended: its answer is for the caller to fill in.
  Record* End(size_t operation, Outcome outcome, Millis now);
  // Ends all that are still open as unknown.
  void EndAll(Millis now);

  const std::deque<Record>& records() const { return records_; }
  // Operations that are kOk.
  size_t acknowledged() const;

 private:
  std::deque<Record> records_;
  uint64_t events_ = 0;
};

}  // namespace trifecta::sim
