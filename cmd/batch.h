// A part of an input on its way to the cluster: the lines that may be stored, as one bulk request's
// body, and those that were rejected, in the order of the input.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace trifecta::cmd {

struct RejectedLine {
  uint64_t line;      // of the input
  std::string bytes;  // as they were, without the line's end
  std::string code, detail;
  bool written = false;  // to the rejects already, in pieces
};

struct Batch {
  size_t input = 0;         // which of the inputs, from 0
  uint64_t first_line = 0;  // the first line of it; the next batch begins at `end_line`
  uint64_t end_line = 0;
  bool ndjson = false;  // the body's format
  uint64_t empty = 0;   // lines that were skipped
  std::string body;     // the others, a newline after each
  uint64_t words = 0;   // lines of the body
  std::vector<RejectedLine> rejected;
  size_t rejected_bytes = 0;

  void Add(std::string_view line, uint64_t number) {
    if (runs_.empty() || runs_.back().line + (words - runs_.back().word) != number) {
      runs_.push_back({words, number});
    }
    body.append(line).push_back('\n');
    ++words;
  }

  void Reject(RejectedLine line) {
    rejected_bytes += line.bytes.size();
    rejected.push_back(std::move(line));
  }

  // The input's line of the body's line `word`, from 0.
  uint64_t LineOf(uint64_t word) const {
    const auto after = std::upper_bound(runs_.begin(), runs_.end(), word,
                                        [](uint64_t at, const Run& run) { return at < run.word; });
    return (after - 1)->line + (word - (after - 1)->word);
  }

 private:
  // From `word` of the body on, lines follow each other in the input without a gap.
  struct Run {
    uint64_t word, line;
  };
  std::vector<Run> runs_;
};

}  // namespace trifecta::cmd
