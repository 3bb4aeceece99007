// What a node does with a client's request: the operation that coordinates it, and the answer.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "storage/store.h"
#include "tests/sim/history.h"
#include "tests/sim/sim_node.h"

namespace trifecta::sim {

struct Request {
  Action action = Action::kLookup;
  std::vector<std::string> words;  // one, but writes may have more; or the prefix
  Consistency consistency = Consistency::kQuorum;
  Millis deadline = 0;
  std::string after;
  size_t limit = 10;
  storage::Order order = storage::Order::kAscending;
};

struct Answer {
  Outcome outcome = Outcome::kUnknown;
  uint64_t found = 0;              // words that were there, for lookups and writes
  std::vector<std::string> words;  // of a search
  uint64_t count = 0;
  std::string reason;
};

// On a running node. `answer` is called later, or never if the node dies.
void Execute(SimNode* node, const Request& request, std::function<void(Answer)> answer);

}  // namespace trifecta::sim
