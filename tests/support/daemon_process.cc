#include "tests/support/daemon_process.h"

namespace trifecta::test {

std::string DaemonProgram() { return std::string(TRIFECTA_BIN) + "/trifectad"; }

DaemonProcess::DaemonProcess(DaemonProcessOptions options) : options_(std::move(options)) {
  if (options_.data_dir.empty()) {
    own_folder_ = std::make_unique<TempDir>();
    options_.data_dir = own_folder_->path();
  }
  Start();
}

void DaemonProcess::Start() {
  port_ = 0;
  ProcessOptions process;
  // /dev/null: the machine's own configuration is none of the test's business.
  process.command = {DaemonProgram(),   "--config", "/dev/null",  "--data-dir",
                     options_.data_dir, "--listen", "127.0.0.1:0"};
  process.command.insert(process.command.end(), options_.flags.begin(), options_.flags.end());
  process.environment = options_.environment;
  process_ = std::make_unique<Process>(std::move(process));
  const std::string line = process_->WaitForError("ready on ");
  const size_t host = line.find("ready on ");
  if (host == std::string::npos) return;
  const size_t end = line.find(": ", host);
  const size_t colon = line.rfind(':', end - 1);
  port_ = static_cast<uint16_t>(std::stoi(line.substr(colon + 1, end - colon - 1)));
}

ProcessResult DaemonProcess::Stop() {
  process_->Signal(SIGTERM);
  return process_->Wait();
}

}  // namespace trifecta::test
