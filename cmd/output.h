// What a command prints: data to standard output, everything else to standard error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/status.h"

namespace trifecta::cmd {

// A failure as it is told: text for people, or with --json one JSON object, {"error":{...}}.
struct Error {
  int exit_status;
  std::string code;     // for scripts: "usage", "unreachable", or what the API calls it
  std::string message;  // one sentence without a newline; no "trifecta:" in front
  std::string hint;     // further lines: what to do; may be empty
  int http_status = 0;  // of the node's answer, 0 when there was none
};

struct OutputOptions {
  int out_fd = 1;
  int err_fd = 2;
  bool json = false;
  bool quiet = false;    // no notes
  bool verbose = false;  // traces
  int cancel_fd = -1;    // readable as soon as the user has interrupted
  bool colour = false;   // allowed at all; used on a terminal only
};

// One thread at a time, but Note, Warn and Trace may be called by any.
class Output {
 public:
  explicit Output(OutputOptions options) : options_(options) {}

  bool json() const { return options_.json; }
  bool quiet() const { return options_.quiet; }

  // Appends to standard output, which is written in large pieces. False when it cannot be written
  // any more (its reader is gone, the disk is full): stop then.
  bool Data(std::string_view text);
  bool Flush();
  // Why the output cannot be written; ok while it can. kCancelled: the reader closed the pipe,
  // or the user interrupted.
  const Status& status() const { return status_; }

  // A line to standard error: a note (not with -q), a warning (always), a trace (with -v only).
  void Note(std::string_view line);
  void Warn(std::string_view line);
  void Trace(std::string_view line);

  // Tells the failure and gives its exit status.
  int Fail(const Error& error);

  // The text in a colour (SGR code, "31") where standard output is a terminal.
  std::string Colour(std::string_view text, std::string_view sgr) const;

  bool out_is_terminal() const;
  bool err_is_terminal() const;
  // Columns of the terminal at standard output, or 80.
  int columns() const;
  int err_columns() const;

  // Writes to standard error as it is, without "trifecta: " and newline: a progress line.
  void RawError(std::string_view bytes);

 private:
  OutputOptions options_;
  std::string buffer_;
  Status status_;
};

// The text with control characters and invalid UTF-8 as \xNN, and a backslash as \\.
std::string Escaped(std::string_view text);
// A word as messages show it: escaped, in single quotes, cut after 60 bytes.
std::string Quoted(std::string_view word);
// 12,406,113
std::string Thousands(uint64_t number);
// "1.1 GiB", "512 B"
std::string Bytes(uint64_t bytes);
// "1.21 M", "12.4 k", "950": for rates
std::string Rounded(double number);
// "16.5 s", "2 min 5 s", "1 h 2 min"
std::string Seconds(double seconds);

}  // namespace trifecta::cmd
