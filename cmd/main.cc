// trifecta: the command line tool. All of it is in the library beside this file; here is what only
// a process has: signals, the environment and the standard streams.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include "cmd/command.h"

namespace {

int cancel_pipe[2] = {-1, -1};

// The first signal asks to stop; the handler is gone then, so that a second one ends the process.
void Interrupt(int) {
  const ssize_t ignored = write(cancel_pipe[1], "", 1);
  (void)ignored;
}

void HandleSignals() {
  signal(SIGPIPE, SIG_IGN);
  if (pipe2(cancel_pipe, O_CLOEXEC | O_NONBLOCK) != 0) return;
  struct sigaction action = {};
  action.sa_handler = Interrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int number : {SIGINT, SIGTERM}) {
    struct sigaction before = {};
    sigaction(number, nullptr, &before);
    if (before.sa_handler != SIG_IGN) sigaction(number, &action, nullptr);  // nohup and the like
  }
}

}  // namespace

int main(int argc, char** argv) {
  HandleSignals();
  trifecta::cmd::Process process;
  process.cancel_fd = cancel_pipe[0];
  process.environment = [](const std::string& name) -> std::optional<std::string> {
    const char* const value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  return trifecta::cmd::RunProgram(process, {argv + std::min(argc, 1), argv + argc});
}
