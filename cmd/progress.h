// The progress of a load on standard error: one line that is overwritten on a terminal, or a line
// every ten seconds for logs, or nothing.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "cmd/output.h"

namespace trifecta::cmd {

enum class ProgressKind { kAuto, kBar, kLog, kNone };

// What there is to show. Taken while the load goes on.
struct ProgressState {
  std::string name;    // of the input that is read
  uint64_t words = 0;  // done
  uint64_t rejected = 0;
  uint64_t bytes = 0;  // read, of all inputs
  uint64_t size = 0;   // of all inputs, 0 when that is not known
  double seconds = 0;  // since the start
};

// The line, at most `columns` wide: what matters least is left out first.
std::string ProgressLine(const ProgressState& state, int columns);

class Progress {
 public:
  using Take = std::function<ProgressState()>;

  // kAuto is kBar on a terminal, else kNone. `take` is called by a thread of this object's own
  // until Stop.
  Progress(Output* out, ProgressKind kind, Take take);
  ~Progress();

  // A line to standard error that does not run into the progress line.
  void Print(std::string_view line);

  // Removes the line and shows no more.
  void Stop();

 private:
  void Run();
  void Show();
  void Clear();

  Output* const out_;
  const ProgressKind kind_;
  const Take take_;
  std::mutex mutex_;  // guards what follows, and what is written
  std::condition_variable stop_;
  bool stopping_ = false;
  bool shown_ = false;
  std::thread ticker_;
};

}  // namespace trifecta::cmd
