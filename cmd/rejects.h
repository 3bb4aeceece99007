// What happens to rejected lines: they are told by number and reason, kept for --json, and written
// to the file of --rejects as they were.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/batch.h"
#include "cmd/input.h"
#include "storage/base/status.h"

namespace trifecta::cmd {

class Rejects {
 public:
  // So many are told; a file of another kind would tell millions.
  static constexpr uint64_t kToldMax = 100;

  struct Told {
    std::string input;
    uint64_t line;
    std::string code, detail;
  };

  // `tell` gets "FILE:LINE: reason" for each of the first kToldMax.
  explicit Rejects(std::function<void(std::string_view)> tell) : tell_(std::move(tell)) {}
  ~Rejects();
  Rejects(const Rejects&) = delete;
  Rejects& operator=(const Rejects&) = delete;

  // Opens the file, emptied. kInvalidArgument when it is one of the inputs: never that.
  Status OpenFile(const std::string& path, const std::vector<const Input*>& inputs,
                  char terminator);
  bool has_file() const { return fd_ >= 0; }

  // Tells one, and writes it unless it has been written in pieces.
  void Take(const std::string& input, const RejectedLine& line);
  // A piece of a line too long to be held; EndPieces after the last one.
  void WritePiece(std::string_view piece);
  void EndPieces();

  // Writes what is buffered. The first failure of writing, here or before.
  Status Finish();

  uint64_t count() const { return count_; }
  const std::vector<Told>& told() const { return told_; }

 private:
  void Write(std::string_view bytes);
  void Flush();

  const std::function<void(std::string_view)> tell_;
  int fd_ = -1;
  std::string path_;
  char terminator_ = '\n';
  std::string buffer_;
  uint64_t count_ = 0;
  std::vector<Told> told_;
  Status status_;
};

}  // namespace trifecta::cmd
