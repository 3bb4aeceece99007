// A load: reads inputs in one thread, checks each line with the server's own rules, sends batches
// in parallel, and tells what became of them. Memory stays flat whatever the input's size.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cmd/command.h"
#include "cmd/progress.h"
#include "net/client.h"

namespace trifecta::cmd {

enum class LoadFormat { kAuto, kLines, kNdjson };

struct LoadOptions {
  net::BulkOp op = net::BulkOp::kAdd;
  std::vector<std::string> files = {"-"};
  LoadFormat format = LoadFormat::kAuto;
  bool null = false;  // words end with NUL
  uint64_t batch_lines = 10'000;
  uint64_t parallel = 4;
  bool stop = false;        // at the first bad line
  std::string rejects;      // a file for rejected lines; empty: none
  uint64_t start_line = 1;  // of the first file
  bool dry_run = false;
  ProgressKind progress = ProgressKind::kAuto;
  bool terse = false;  // the summary is that of add and del
};

// Gives the exit status; everything has been told.
int RunLoadJob(Context& context, const LoadOptions& options);

}  // namespace trifecta::cmd
