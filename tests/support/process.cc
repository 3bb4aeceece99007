#include "tests/support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

extern char** environ;

namespace trifecta::test {
namespace {

// A stream between test and program: the test's end and the program's.
struct Ends {
  int test = -1;
  int program = -1;
};

[[noreturn]] void Fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

Ends MakePipe(bool program_reads) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) Fail("pipe2");
  return program_reads ? Ends{fds[1], fds[0]} : Ends{fds[0], fds[1]};
}

Ends MakeTerminal(int columns) {
  const int test = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (test < 0 || grantpt(test) != 0 || unlockpt(test) != 0) Fail("posix_openpt");
  char name[128];
  if (ptsname_r(test, name, sizeof name) != 0) Fail("ptsname_r");
  const int program = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (program < 0) Fail(name);
  termios mode{};
  tcgetattr(program, &mode);
  cfmakeraw(&mode);
  tcsetattr(program, TCSANOW, &mode);
  winsize size{};
  size.ws_row = 24;
  size.ws_col = static_cast<unsigned short>(columns);
  ioctl(program, TIOCSWINSZ, &size);
  return {test, program};
}

std::vector<std::string> Environment(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (!changes.contains(std::string(text.substr(0, text.find('=')))))
      variables.emplace_back(text);
  }
  for (const auto& [name, value] : changes) {
    if (!value.empty()) variables.push_back(name + "=" + value);
  }
  return variables;
}

std::vector<char*> Pointers(std::vector<std::string>* strings) {
  std::vector<char*> pointers;
  for (std::string& string : *strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Runs in the child of a fork, where only async-signal-safe calls are allowed.
[[noreturn]] void Become(char** command, char** variables, const char* folder, const int fds[3]) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (*folder != '\0' && chdir(folder) != 0) _exit(127);
  for (int fd = 0; fd < 3; ++fd) {
    if (dup2(fds[fd], fd) < 0) _exit(127);
  }
  execve(command[0], command, variables);
  _exit(127);
}

int ExitStatus(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace

Process::Process(ProcessOptions options) {
  signal(SIGPIPE, SIG_IGN);  // a program that closes its input must not end the test
  const bool terminal = options.terminal_columns > 0;
  const Ends input = MakePipe(true);
  const Ends output = MakePipe(false);
  const Ends error = terminal ? MakeTerminal(options.terminal_columns) : MakePipe(false);
  const bool all = terminal && options.all_terminal;
  const int fds[3] = {all ? error.program : input.program, all ? error.program : output.program,
                      error.program};
  std::vector<std::string> variables = Environment(options.environment);
  std::vector<char*> argv = Pointers(&options.command), envp = Pointers(&variables);
  pid_ = fork();
  if (pid_ < 0) Fail("fork");
  if (pid_ == 0) Become(argv.data(), envp.data(), options.folder.c_str(), fds);
  for (int fd : {input.program, output.program, error.program}) close(fd);

  input_ = input.test;
  output_.fd = output.test;
  error_.fd = error.test;
  output_.reader = std::thread([this] { Collect(&output_); });
  error_.reader = std::thread([this] { Collect(&error_); });
  if (options.keep_input_open) {
    WriteInput(options.input);
  } else {
    // A thread, because the program may answer before it has read everything.
    feeder_ = std::thread([this, bytes = std::move(options.input)] {
      WriteInput(bytes);
      CloseInput();
    });
  }
}

Process::~Process() {
  Kill();
  Join();
}

void Process::Collect(Stream* stream) {
  char buffer[64 * 1024];
  for (;;) {
    ssize_t got = read(stream->fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    std::lock_guard lock(mutex_);
    if (got <= 0) {  // a terminal gives EIO when its last writer is gone
      stream->ended = true;
      changed_.notify_all();
      return;
    }
    stream->bytes.append(buffer, static_cast<size_t>(got));
    changed_.notify_all();
  }
}

bool Process::WriteInput(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = write(input_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return true;
}

void Process::CloseInput() {
  if (input_ >= 0) close(input_);
  input_ = -1;
}

void Process::Signal(int signal) {
  if (status_ < 0) kill(pid_, signal);
}

void Process::Kill() {
  if (status_ >= 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
  }
}

bool Process::Ended() { return WaitForEnd(std::chrono::seconds(0)); }

std::string Process::Output() {
  std::lock_guard lock(mutex_);
  return output_.bytes;
}

std::string Process::Error() {
  std::lock_guard lock(mutex_);
  return error_.bytes;
}

std::string Process::WaitForOutput(std::string_view text, std::chrono::seconds patience,
                                   size_t from) {
  return WaitFor(&output_, text, patience, from);
}

std::string Process::WaitForError(std::string_view text, std::chrono::seconds patience,
                                  size_t from) {
  return WaitFor(&error_, text, patience, from);
}

std::string Process::WaitFor(Stream* stream, std::string_view text, std::chrono::seconds patience,
                             size_t from) {
  std::unique_lock lock(mutex_);
  size_t found = std::string::npos, end = std::string::npos;
  // The line counts once it is whole.
  changed_.wait_for(lock, patience, [&] {
    found = stream->bytes.find(text, from);
    if (found != std::string::npos) end = stream->bytes.find('\n', found);
    return end != std::string::npos || stream->ended;
  });
  if (found == std::string::npos) return "";
  const size_t begin = stream->bytes.rfind('\n', found);
  const size_t start = begin == std::string::npos ? 0 : begin + 1;
  return stream->bytes.substr(start, end == std::string::npos ? end : end - start);
}

bool Process::WaitForEnd(std::chrono::seconds patience) {
  if (status_ >= 0) return true;
  // A pidfd makes the wait one poll with a deadline, no loop of naps.
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (fd < 0) Fail("pidfd_open");
  pollfd ended{fd, POLLIN, 0};
  const auto deadline = std::chrono::steady_clock::now() + patience;
  int got = 0;
  do {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    got = poll(&ended, 1, static_cast<int>(std::max<int64_t>(0, left.count())));
  } while (got < 0 && errno == EINTR);
  close(fd);
  if (got <= 0) return false;
  while (waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
  }
  return true;
}

void Process::Join() {
  if (feeder_.joinable()) feeder_.join();
  CloseInput();
  for (Stream* stream : {&output_, &error_}) {
    if (stream->reader.joinable()) stream->reader.join();
    if (stream->fd >= 0) close(stream->fd);
    stream->fd = -1;
  }
}

ProcessResult Process::Wait(std::chrono::seconds patience) {
  if (!WaitForEnd(patience)) Kill();
  Join();
  return {ExitStatus(status_), output_.bytes, error_.bytes};
}

ProcessResult Run(ProcessOptions options, std::chrono::seconds patience) {
  return Process(std::move(options)).Wait(patience);
}

}  // namespace trifecta::test
