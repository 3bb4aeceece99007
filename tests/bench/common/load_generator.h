// HTTP requests at full speed from one thread over many kept-alive connections: one request under
// way on each, no pipelining. Cheap, since it shares the cores with the server it measures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "tests/bench/common/measure.h"

namespace trifecta::bench {

struct LoadPlan {
  uint16_t port = 0;  // on 127.0.0.1
  size_t connections = 1;
  // It ends after this long, or earlier when `done` (asked a few hundred times a second) says so.
  double seconds = 1;
  std::function<bool()> done;
  // Appends the next request, head and body, to the text.
  std::function<void(std::string*)> request;
};

struct LoadResult {
  uint64_t answers = 0;
  uint64_t failures = 0;      // answers other than 2xx, and connections lost
  std::string first_failure;  // its status line
  double seconds = 0;
  Latencies latencies;  // of every answer
  double rate() const { return static_cast<double>(answers) / seconds; }
};

LoadResult GenerateLoad(const LoadPlan& plan);

// "GET TARGET" and "POST TARGET" with a body, as requests on a kept-alive connection.
void AppendGet(std::string_view target, std::string* text);
void AppendPost(std::string_view target, std::string_view body, std::string* text);

}  // namespace trifecta::bench
