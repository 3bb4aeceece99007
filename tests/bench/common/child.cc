#include "tests/bench/common/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>
#include <exception>

#include "tests/bench/common/die.h"

namespace trifecta::bench {
namespace {

[[noreturn]] void BeChild(const std::function<void(int pipe)>& run, int pipe) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    run(pipe);
  } catch (const std::exception& fault) {  // of a peer's library
    Die(fault.what());
  }
  std::fflush(stdout);
  std::_Exit(0);
}

}  // namespace

bool RunInChild(const std::function<void(int pipe)>& run, void* result, size_t length) {
  int fds[2];
  std::fflush(stdout);
  if (pipe2(fds, O_CLOEXEC) != 0) Die("pipe2 failed");
  const pid_t child = fork();
  if (child < 0) Die("fork failed");
  if (child == 0) BeChild(run, fds[1]);
  close(fds[1]);
  // One read: what fits a pipe's buffer comes whole.
  const ssize_t got = read(fds[0], result, length);
  close(fds[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return got == static_cast<ssize_t>(length) && status == 0;
}

}  // namespace trifecta::bench
