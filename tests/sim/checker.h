// Judges a history (tests/sim/history.h): whether the cluster kept its word.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/history.h"
#include "tests/sim/word_timeline.h"

namespace trifecta::sim {

enum class Rule : uint8_t {
  // Of answers.
  kWordLost,          // not found, although its adding was acknowledged before
  kDeleteUndone,      // found, although its deletion was acknowledged before
  kWordFromNowhere,   // found, although nobody had added it
  kReadersDisagree,   // two reads after the same writes found different things
  kSearchOutOfOrder,  // a search's words unsorted, twice, too many, or not what was asked for
  kWrongCount,        // more or fewer than there can have been
  kWrongBefore,       // a write said wrongly whether the word was there before it
  kLate,              // an answer after its deadline
  // Of what a cluster is in the end; tests/sim/sim_cluster.h finds these.
  kReplicasDiffer,  // owners of a partition hold different entries, long after all healed
  kDigestWrong,     // a digest is not that of what is stored
  kRingsDiffer,     // two nodes have different rings of one epoch
  kNotServing,      // a request fails although every node is well
  kDoesNotStart,    // a node does not start from what it has left on its disk
  kVersionTwice,    // two writes were given the same version
};
std::string_view RuleName(Rule rule);

struct Violation {
  Rule rule;
  std::string text;  // what was found, and the operations that say otherwise
};

struct CheckOptions {
  Millis grace = 0;  // how much later than its deadline an answer may come
  // What writes say of the time before them is exact. It need not be where a write was sent twice,
  // since the ring changed, and the reply to the first sending was lost.
  bool exact_before = true;
};

// All faults of the answers, in the order of the history; some milliseconds for some thousands of
// operations.
std::vector<Violation> CheckHistory(const History& history, const CheckOptions& options = {});

// True when one of them is of `rule`.
bool Has(const std::vector<Violation>& violations, Rule rule);
// All of them for people, a paragraph each; the first few of many.
std::string ToText(const std::vector<Violation>& violations);

}  // namespace trifecta::sim
