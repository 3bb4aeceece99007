// One round of figures of the real daemon, loaded through the real command line tool.
#pragma once

#include <cstddef>
#include <string>

#include "tests/bench/common/word_list.h"
#include "tests/bench/common/work_folder.h"

namespace trifecta::bench {

struct DaemonPlan {
  std::string words_file;  // what is loaded
  const WordList* words;   // the same
  const WorkFolder* folder;
  double seconds = 3;  // of each measurement over time
};

struct DaemonFigures {
  double load_words_per_second = 0;  // through `trifecta load`, its start and end included
  double syncs_per_second = 0;       // what the disk can do
  double adds_1 = 0, adds_64 = 0;    // single durable adds a second with so many clients
  double fixed_posts_64 = 0;         // a POST with a fixed answer, on the same HTTP layer
  double searches_64 = 0;            // GET /search with 10 results
  double fixed_gets_64 = 0;          // a GET with a fixed answer as long as theirs
  double memory_mib = 0;             // anonymous, with the words loaded
  double bytes_per_word = 0;         // of the data folder after a clean stop
  double search_p99_ms = 0;          // with 4 clients during a bulk load
  double search_quiet_p99_ms = 0;    // the same without
  double restart_ms = 0;             // from the start after kill -9 in a load until ready
};

DaemonFigures MeasureDaemon(const DaemonPlan& plan);

}  // namespace trifecta::bench
