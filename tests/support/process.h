// A real program, started by a test: its streams are pipes (or a terminal), fed and read by the
// test; it is killed at the end if it still runs.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace trifecta::test {

// How long a test waits for what should happen at once. Generous: the machine may be loaded.
inline constexpr std::chrono::seconds kPatience{30};

struct ProcessOptions {
  std::vector<std::string> command;  // the program's path, then its arguments
  // Added to the environment of the test; an empty value removes the variable.
  std::map<std::string, std::string> environment;
  std::string folder;            // working folder; empty: the test's
  std::string input;             // written to standard input, which is then closed
  bool keep_input_open = false;  // go on with WriteInput and CloseInput
  // > 0: standard error is a terminal that wide; both streams and the input with all_terminal.
  int terminal_columns = 0;
  bool all_terminal = false;
};

// What a finished program left.
struct ProcessResult {
  int status = 0;  // exit status, or 128 plus the signal that ended it
  std::string output;
  std::string error;
};

// One thread uses an object; the program dies with the thread that started it.
class Process {
 public:
  // Throws std::runtime_error when the program cannot be started, as a broken test deserves.
  explicit Process(ProcessOptions options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }

  // False when the program has closed its input.
  bool WriteInput(std::string_view bytes);
  void CloseInput();

  void Signal(int signal);
  // SIGKILL, and waits until it is gone.
  void Kill();
  // True when it has ended by itself or by a signal.
  bool Ended();

  // What came so far.
  std::string Output();
  std::string Error();
  // Waits until `text` has come on the stream (after `from` bytes of it) and gives the line that
  // holds it; "" when the program closed the stream or the time ran out first.
  std::string WaitForOutput(std::string_view text, std::chrono::seconds patience = kPatience,
                            size_t from = 0);
  std::string WaitForError(std::string_view text, std::chrono::seconds patience = kPatience,
                           size_t from = 0);

  // Waits for the end and all output. A program that outlives `patience` is killed: status 137.
  ProcessResult Wait(std::chrono::seconds patience = kPatience);

 private:
  // Collects one stream on a thread of its own, so that the program never blocks on a full pipe.
  struct Stream {
    int fd = -1;
    std::string bytes;
    bool ended = false;
    std::thread reader;
  };

  void Collect(Stream* stream);
  std::string WaitFor(Stream* stream, std::string_view text, std::chrono::seconds patience,
                      size_t from);
  bool WaitForEnd(std::chrono::seconds patience);
  void Join();

  pid_t pid_ = -1;
  int input_ = -1;
  int status_ = -1;  // wait status, -1 while it runs
  std::thread feeder_;
  std::mutex mutex_;  // guards bytes and ended of both streams
  std::condition_variable changed_;
  Stream output_, error_;
};

// Starts, feeds and waits: the whole life of a short program.
ProcessResult Run(ProcessOptions options, std::chrono::seconds patience = kPatience);

}  // namespace trifecta::test
