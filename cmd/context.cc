#include <poll.h>

#include "cmd/command.h"
#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

std::string UnreachableHint(bool nodes_named) {
  if (nodes_named) {
    return "Is trifectad running there (systemctl status trifectad), and is the address right "
           "(--node, TRIFECTA_NODES)?";
  }
  return "Is trifectad running? Start one with: trifectad --data-dir DIR\n"
         "Or name a node: --node HOST[:PORT], or TRIFECTA_NODES.";
}

Error ExplainUnreachable(const net::Problem& problem, bool nodes_named) {
  Error error{kExitUnreachable, problem.code, "", UnreachableHint(nodes_named)};
  const auto& nodes = problem.unreachable;
  if (nodes.size() == 1) {
    error.message = StrCat("cannot reach ", nodes[0].first.ToString(), ": ", nodes[0].second);
    return error;
  }
  error.message = StrCat("cannot reach any of ", nodes.size(), " nodes");
  std::string list;
  for (const auto& [endpoint, reason] : nodes) {
    list += StrCat("  ", endpoint.ToString(), "  ", reason, "\n");
  }
  error.hint = list + error.hint;
  return error;
}

// A node that knows that waiting is of no use says so: its data is damaged.
bool IsLasting(const net::Problem& problem) {
  return problem.code == "damaged" || (problem.code == "unavailable" && !problem.retryable);
}

std::string AnswerHint(const net::Problem& problem) {
  if (IsLasting(problem)) return "";
  switch (problem.http_status) {
    case 401:
    case 403:
      return "Give the access token with --token-file or TRIFECTA_TOKEN_FILE.";
    case 429:
    case 503:
      return "Try again later; 'trifecta health' tells how the node is.";
    case 507:
      return "Reads go on; make room on that node's disk.";
    default:
      return "";
  }
}

}  // namespace

Error ExplainProblem(const net::Problem& problem, bool nodes_named) {
  if (problem.code == "interrupted") return {kExitInterrupted, problem.code, "interrupted", ""};
  if (problem.http_status == 0) return ExplainUnreachable(problem, nodes_named);
  const bool refused = problem.http_status < 500;
  // "Not found" of a whole route is not the user's fault, but an older or another server.
  return {refused ? kExitRefused : kExitServerError, problem.code,
          StrCat(problem.node,
                 refused ? " refused it: " : " could not do it: ", Escaped(problem.detail)),
          AnswerHint(problem), problem.http_status};
}

net::ClientOptions Context::MakeOptions() {
  net::ClientOptions options;
  options.nodes = client_ ? client_->nodes() : settings_.nodes;
  options.timeout = settings_.timeout;
  options.connect_timeout = std::min(options.connect_timeout, settings_.timeout);
  options.consistency = settings_.consistency;
  options.token = settings_.token;
  options.cancel_fd = process_.cancel_fd;
  options.trace = [this](std::string_view line) { out_.Trace(line); };
  return options;
}

net::Client& Context::client() {
  if (client_ == nullptr) client_ = MakeClient();
  return *client_;
}

std::unique_ptr<net::Client> Context::MakeClient() {
  return std::make_unique<net::Client>(MakeOptions());
}

std::unique_ptr<net::Client> Context::MakeClientOf(std::string_view address) {
  net::ClientOptions options = MakeOptions();
  if (const auto endpoint = net::ParseEndpoint(address); endpoint.ok()) options.nodes = {*endpoint};
  return std::make_unique<net::Client>(std::move(options));
}

bool Context::interrupted() const { return !Pause(std::chrono::milliseconds(0)); }

bool Context::Pause(std::chrono::milliseconds time) const {
  // A descriptor that is negative is passed over.
  pollfd readable{process_.cancel_fd, POLLIN, 0};
  return poll(&readable, 1, static_cast<int>(time.count())) != 1;
}

int Context::Fail(const net::Client& client) {
  return out_.Fail(ExplainProblem(client.problem(), settings_.nodes_named));
}

int Context::FailUsage(const Status& status) {
  return out_.Fail(
      {kExitUsage, "usage", Escaped(status.message()),
       StrCat("Run 'trifecta help ", arguments_.command->name, "' for how to use it.")});
}

}  // namespace trifecta::cmd
