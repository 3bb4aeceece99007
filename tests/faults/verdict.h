// The end of every scenario: all is healed, the cluster comes together by itself, everything is
// read, and the history is judged.
#pragma once

#include <string>

#include "tests/faults/crowd.h"
#include "tests/faults/fault_cluster.h"
#include "tests/faults/recorder.h"

namespace trifecta::faults {

// Adds many words that nobody deletes, so that there is more to be carried than a crowd's few.
void Fill(FaultCluster* cluster, Recorder* recorder, size_t words);

// A time for requests that is never waited for where a node refuses at once.
inline constexpr std::chrono::milliseconds kLongTimeout{20'000};
// The node lacks its quorum and knows that: each kind of request is refused with 503 long before
// its deadline, which is kLongTimeout.
void RefusesAtOnce(FaultCluster* cluster, Recorder* recorder, size_t node);

// Heals the network, resumes and starts all nodes, waits until the cluster is whole, reads all of
// it on every node, and fails the test for whatever is wrong. No client is at work.
void Judge(FaultCluster* cluster, Recorder* recorder);

// True where packets can be dropped; else says that the test is skipped.
bool CanCut();

}  // namespace trifecta::faults
