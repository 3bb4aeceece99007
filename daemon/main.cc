// trifectad: reads the configuration, then runs the daemon (daemon/daemon.h).
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <system_error>

#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "daemon/signals.h"
#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

// Files, listening and internal descriptors beside the connections.
constexpr rlim_t kOwnDescriptors = 1'024;

// A descriptor that is closed at the start would be given to a data file, and what is printed
// would end up in it.
void OpenStandardStreams() {
  while (true) {
    const int fd = open("/dev/null", O_RDWR);
    if (fd > STDERR_FILENO) {
      close(fd);
      return;
    }
    if (fd < 0) return;
  }
}

void PrintFault(std::string_view text) {
  const bool journal = DetectLogFormat(STDERR_FILENO) == LogFormat::kJournal;
  std::fprintf(stderr, "%s%s\n", journal ? "<3>" : "", EscapeForLog(text).c_str());
}

// Where the system has no memory or thread left there is nothing to go on with; as after a kill,
// the next start replays the log.
[[noreturn]] void EndOnException() {
  std::string what = "an unknown exception";
  try {
    if (const std::exception_ptr thrown = std::current_exception()) std::rethrow_exception(thrown);
  } catch (const std::bad_alloc&) {
    what = "out of memory";
  } catch (const std::system_error& error) {
    what = StrCat("out of threads or memory (", error.what(), ")");
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {
  }
  PrintFault(StrCat("trifectad ends: ", what, "; what was acknowledged is in the log, which the ",
                    "next start replays. It may need a higher limit (ulimit -v and -u; MemoryMax= ",
                    "and TasksMax= of the unit), or a smaller memtable_size"));
  _exit(kExitInternal);
}

void Print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

ExitStatus Flushed() {
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0 ? kExitClean : kExitIoError;
}

ExitStatus ConfirmConfig(const Effective& effective) {
  for (const std::string& warning : effective.warnings) PrintFault(StrCat("warning: ", warning));
  Print("the configuration is valid\n");
  return Flushed();
}

// How many connections there is room for, up to `wished`: each is a descriptor, and shells give
// 1,024 of them unless asked.
size_t FitToDescriptorLimit(size_t wished, Logger* log) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wished;
  const rlim_t wanted = wished + kOwnDescriptors;
  if (limit.rlim_cur < wanted) {
    const rlimit raised{std::min(wanted, limit.rlim_max), limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  if (limit.rlim_cur >= wanted) return wished;
  const rlim_t own = std::min(kOwnDescriptors, limit.rlim_cur / 2);
  const size_t fitting = limit.rlim_cur - own;
  log->Info(StrCat("at most ", fitting, " connections, since the system lets this process open ",
                   limit.rlim_cur, " files; to have more, raise that (ulimit -n, LimitNOFILE=)"));
  return fitting;
}

ExitStatus RunDaemon(const CommandLine& command_line, const Environment& environment,
                     const Effective& effective, Notifier* notifier) {
  const Config& config = effective.config;
  LogWriter log(STDERR_FILENO, config.log_level, config.log_format);
  Result<std::unique_ptr<SignalEvents>> events = SignalEvents::Create();
  if (!events.ok()) {
    log.Error(events.status().message());
    return kExitInternal;
  }
  EndOnUnreadablePages(DetectLogFormat(STDERR_FILENO) == LogFormat::kJournal);
  log.Info(StrCat("trifectad ", TRIFECTA_VERSION, " starts, data folder ", config.data_dir));
  for (const std::string& warning : effective.warnings) log.Warning(warning);
  DaemonParts parts;
  parts.log = &log;
  parts.notifier = notifier;
  parts.events = events->get();
  parts.connections_max = FitToDescriptorLimit(config.max_connections, &log);
  parts.reload = [&] { return LoadConfig(command_line, environment); };
  Daemon daemon(config, std::move(parts));
  const ExitStatus listening = daemon.Listen();
  return listening == kExitClean ? daemon.Run() : listening;
}

ExitStatus Main(int argc, char** argv) {
  OpenStandardStreams();
  std::set_terminate(EndOnException);
  Notifier notifier = Notifier::FromEnvironment();
  const Result<CommandLine> command_line = ParseCommandLine(argc, argv);
  if (!command_line.ok()) {
    std::fprintf(stderr, "trifectad: %s\n", command_line.status().message().c_str());
    return kExitUsage;
  }
  if (command_line->mode == Mode::kHelp) Print(HelpText());
  if (command_line->mode == Mode::kVersion) Print(StrCat("trifectad ", TRIFECTA_VERSION, "\n"));
  if (command_line->mode == Mode::kHelp || command_line->mode == Mode::kVersion) return Flushed();

  const Environment environment = ProcessEnvironment();
  // The files are for the daemon's user: others may still ask what is in effect.
  const CheckDepth depth =
      command_line->mode == Mode::kCheckConfig ? CheckDepth::kWithFiles : CheckDepth::kValues;
  const Effective effective = LoadConfig(*command_line, environment, depth);
  for (const std::string& error : effective.errors) PrintFault(error);
  if (!effective.errors.empty()) return kExitConfiguration;
  if (command_line->mode == Mode::kCheckConfig) return ConfirmConfig(effective);
  if (command_line->mode == Mode::kPrintConfig) {
    Print(PrintConfig(effective));
    return Flushed();
  }
  return RunDaemon(*command_line, environment, effective, &notifier);
}

}  // namespace
}  // namespace trifecta::daemon

int main(int argc, char** argv) { return trifecta::daemon::Main(argc, argv); }
