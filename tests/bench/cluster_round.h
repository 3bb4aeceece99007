// One round of figures of a cluster of real daemons on this machine.
#pragma once

#include <cstddef>
#include <string>

#include "tests/bench/common/word_list.h"
#include "tests/bench/common/work_folder.h"

namespace trifecta::bench {

struct ClusterPlan {
  std::string words_file;  // what is loaded
  const WordList* words;   // the same
  const WorkFolder* folder;
  double seconds = 3;  // of each measurement over time
};

// Of nodes in as many zones, with three copies of each word, or one on a single node.
struct ClusterFigures {
  double load_words_per_second = 0;  // acknowledged durable on a majority
  double adds_64 = 0;                // single durable adds a second with 64 clients
  double adds_64_repairing = 0;      // the same while a node that was away is given what it missed
  double searches_64 = 0;            // with 10 results, at a node that owns none of them if one can
  double search_p50_ms = 0;          // the same with 4 clients
  double count_ms = 0;               // of everything
};
ClusterFigures MeasureCluster(const ClusterPlan& plan, size_t nodes);

// The same adds, and reads of the first 10 keys with a prefix, at etcd's HTTP gateway.
struct EtcdFigures {
  double adds_64 = 0;
  double reads_64 = 0;
};
EtcdFigures MeasureEtcd(const ClusterPlan& plan, size_t nodes);

}  // namespace trifecta::bench
