#include "daemon/signals.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

#include "daemon/exit_status.h"

namespace trifecta::daemon {
namespace {

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// --- SIGBUS. Everything below runs in a signal handler: system calls and arithmetic only. ---

bool say_to_journal = false;  // set before the handler is installed

void Say(std::string_view text) { (void)!write(STDERR_FILENO, text.data(), text.size()); }

// Reads /proc/self/maps by lines, without memory of its own beyond the stack.
class MapLines {
 public:
  MapLines() : fd_(open("/proc/self/maps", O_RDONLY | O_CLOEXEC)) {}
  ~MapLines() {
    if (fd_ >= 0) close(fd_);
  }
  // The next line without its end; empty at the end. A line longer than the buffer is cut.
  std::string_view Next() {
    size_t length = 0;
    char c = 0;
    while (Get(&c) && c != '\n') {
      if (length < sizeof line_) line_[length++] = c;
    }
    return {line_, length};
  }

 private:
  bool Get(char* c) {
    if (at_ == filled_) {
      const ssize_t got = read(fd_, buffer_, sizeof buffer_);
      if (got <= 0) return false;
      at_ = 0;
      filled_ = static_cast<size_t>(got);
    }
    *c = buffer_[at_++];
    return true;
  }

  int fd_;
  size_t at_ = 0, filled_ = 0;
  char buffer_[1024];
  char line_[1024];
};

uintptr_t TakeHex(std::string_view* text) {
  uintptr_t value = 0;
  while (!text->empty()) {
    const char c = text->front();
    const bool digit = c >= '0' && c <= '9', letter = c >= 'a' && c <= 'f';
    if (!digit && !letter) break;
    value = value * 16 + static_cast<uintptr_t>(digit ? c - '0' : c - 'a' + 10);
    text->remove_prefix(1);
  }
  return value;
}

// Writes the name of the file mapped at `address`; false when none is.
bool SayMappedFile(uintptr_t address) {
  MapLines lines;
  for (;;) {
    const std::string_view line = lines.Next();
    if (line.empty()) return false;
    std::string_view rest = line;
    const uintptr_t begin = TakeHex(&rest);
    rest.remove_prefix(std::min<size_t>(1, rest.size()));
    const uintptr_t end = TakeHex(&rest);
    const size_t path = line.find('/');
    if (address < begin || address >= end || path == std::string_view::npos) continue;
    if (say_to_journal) Say("<3>");
    Say("trifectad: ");
    Say(line.substr(path));
    return true;
  }
}

void OnBusError(int signal_number, siginfo_t* info, void*) {
  if (info->si_code == BUS_ADRERR && SayMappedFile(reinterpret_cast<uintptr_t>(info->si_addr))) {
    Say(": a page of this file cannot be read: the disk failed, or the file was cut short\n");
    _exit(kExitIoError);
  }
  signal(signal_number, SIG_DFL);  // back to the faulting instruction, which now ends the process
}

}  // namespace

Result<std::unique_ptr<SignalEvents>> SignalEvents::Create() {
  signal(SIGPIPE, SIG_IGN);
  sigset_t signals = StopSignals();
  sigaddset(&signals, SIGHUP);
  if (const int error = pthread_sigmask(SIG_BLOCK, &signals, nullptr); error != 0) {
    return ErrnoStatus(error, "cannot block signals");
  }
  const int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signal_fd < 0) return ErrnoStatus(errno, "signalfd");
  const int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd < 0) {
    const Status failed = ErrnoStatus(errno, "eventfd");
    close(signal_fd);
    return failed;
  }
  return std::unique_ptr<SignalEvents>(new SignalEvents(signal_fd, wake_fd));
}

SignalEvents::~SignalEvents() {
  close(signal_fd_);
  close(wake_fd_);
}

Event SignalEvents::Wait(std::chrono::milliseconds most) {
  pollfd ready[2] = {{signal_fd_, POLLIN, 0}, {wake_fd_, POLLIN, 0}};
  if (poll(ready, 2, static_cast<int>(most.count())) <= 0) return Event::kTimeout;
  uint64_t count = 0;
  if (ready[1].revents != 0 && read(wake_fd_, &count, sizeof count) > 0) return Event::kWake;
  signalfd_siginfo info{};
  if (read(signal_fd_, &info, sizeof info) != sizeof info) return Event::kTimeout;
  return info.ssi_signo == SIGHUP ? Event::kReload : Event::kStop;
}

void SignalEvents::Wake() {
  const uint64_t one = 1;
  (void)!write(wake_fd_, &one, sizeof one);
}

void SignalEvents::LetSignalsKill() {
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

void EndOnUnreadablePages(bool journal) {
  say_to_journal = journal;
  struct sigaction action {};
  action.sa_sigaction = OnBusError;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, nullptr);
}

}  // namespace trifecta::daemon
