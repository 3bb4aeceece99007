// What a command is given, and the commands: a file each, named after it. A command asks the
// cluster through Context::client(), prints through out(), and gives its exit status.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "cmd/exit_status.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/settings.h"
#include "net/client.h"

namespace trifecta::cmd {

// What the process has: tests give pipes and files instead.
struct Process {
  int in_fd = 0, out_fd = 1, err_fd = 2;
  // Readable as soon as the user has interrupted; -1: cannot be.
  int cancel_fd = -1;
  GetEnvironment environment;
  std::string system_settings = "/etc/trifecta/trifecta.toml";
};

class Context {
 public:
  Context(const Process& process, const Arguments& arguments, const Settings& settings, Output* out)
      : process_(process), arguments_(arguments), settings_(settings), out_(*out) {}

  const Process& process() const { return process_; }
  const Arguments& arguments() const { return arguments_; }
  const Settings& settings() const { return settings_; }
  Output& out() { return out_; }

  // The one client of the command, made at the first call.
  net::Client& client();
  // A client more, for another thread; it starts from the nodes that client() knows.
  std::unique_ptr<net::Client> MakeClient();
  // One of the node at this address alone, HOST:PORT as the cluster's document has it; where that
  // is none, as MakeClient.
  std::unique_ptr<net::Client> MakeClientOf(std::string_view address);

  bool interrupted() const;
  // Waits; false as soon as the user has interrupted.
  bool Pause(std::chrono::milliseconds time) const;

  // Tells why a call of `client` failed, in the words of people, and gives the exit status.
  int Fail(const net::Client& client);
  int FailCall() { return Fail(*client_); }
  // Tells that the command was not used as it must be, with where to read how.
  int FailUsage(const Status& status);

 private:
  net::ClientOptions MakeOptions();

  const Process& process_;
  const Arguments& arguments_;
  const Settings& settings_;
  Output& out_;
  std::unique_ptr<net::Client> client_;
};

// How a failed call is told: message, hint and exit status.
Error ExplainProblem(const net::Problem& problem, bool nodes_named);

// The whole program: parses, resolves, runs, and gives the exit status. Never throws.
int RunProgram(const Process& process, const std::vector<std::string>& arguments);

int RunAdd(Context& context);
int RunDel(Context& context);
int RunGet(Context& context);
int RunSearch(Context& context);
int RunCount(Context& context);
int RunLoad(Context& context);
int RunDump(Context& context);
int RunClusterDecommission(Context& context);
int RunClusterDrain(Context& context);
int RunClusterStatus(Context& context);
int RunClusterNodes(Context& context);
int RunClusterOwners(Context& context);
int RunClusterRemove(Context& context);
int RunClusterRepair(Context& context);
int RunClusterRing(Context& context);
int RunStatus(Context& context);
int RunHealth(Context& context);
int RunPing(Context& context);
int RunCheck(Context& context);
int RunCompletion(Context& context);
int RunVersion(Context& context);
int RunHelp(Context& context);

}  // namespace trifecta::cmd
