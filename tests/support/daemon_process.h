// A real trifectad on a port of its own choice, with a data folder that outlives it: started,
// stopped, killed and started again by tests.
#pragma once

#include <csignal>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace trifecta::test {

struct DaemonProcessOptions {
  std::string data_dir;            // empty: a new temporary folder, removed at the end
  std::vector<std::string> flags;  // more of them; "--listen" overrides 127.0.0.1:0
  std::map<std::string, std::string> environment;
};

class DaemonProcess {
 public:
  // Starts it and waits until it is ready to serve. When it ends instead, running() is false and
  // Wait() tells why.
  explicit DaemonProcess(DaemonProcessOptions options = {});

  bool running() { return port_ != 0 && !process_->Ended(); }
  uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  const std::string& data_dir() const { return options_.data_dir; }
  Process& process() { return *process_; }

  // SIGTERM, and waits for the end.
  ProcessResult Stop();
  // SIGKILL, and waits for the end.
  void Kill() { process_->Kill(); }
  ProcessResult Wait() { return process_->Wait(); }

  // Starts it again on the same folder, after Stop or Kill; the port may be another one.
  void Start();

 private:
  DaemonProcessOptions options_;
  std::unique_ptr<TempDir> own_folder_;
  std::unique_ptr<Process> process_;
  uint16_t port_ = 0;
};

// The program's path.
std::string DaemonProgram();

}  // namespace trifecta::test
