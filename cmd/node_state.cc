#include "cmd/node_state.h"

#include "net/json.h"
#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

std::string Join(const std::vector<std::string>& sentences) {
  std::string joined;
  for (const std::string& sentence : sentences)
    joined += StrCat(joined.empty() ? "" : "; ", sentence);
  return joined;
}

std::vector<std::string> ReasonsOf(const std::string& body) {
  auto json = net::ParseJson(body);
  std::vector<std::string> reasons;
  if (!json.ok()) return reasons;
  for (const net::JsonValue& reason : (*json)["reasons"].array()) {
    reasons.push_back(Escaped(reason.string()));
  }
  if (reasons.empty() && !(*json)["detail"].string().empty()) {
    reasons.push_back(Escaped((*json)["detail"].string()));
  }
  return reasons;
}

}  // namespace

std::string NodeState::Sentence() const {
  if (!ready) return reasons.empty() ? "not ready" : StrCat("not ready: ", Join(reasons));
  if (cluster.healthy()) return "ready, cluster healthy";
  return StrCat("ready, cluster ", Verdict(cluster),
                cluster.notes.empty() ? "" : StrCat(" (", cluster.notes[0], ")"));
}

Result<NodeState> AskNodeState(Context& context) {
  NodeState state;
  auto body = context.client().Ready(&state.ready);
  if (!body.ok()) return body.status();
  state.document = "{}";
  if (!state.ready) {
    state.reasons = ReasonsOf(*body);
    return state;
  }
  auto document = context.client().Cluster();
  if (!document.ok()) return document.status();
  auto cluster = ParseCluster(*document);
  if (!cluster.ok()) return cluster.status();
  state.document = std::move(*document);
  state.cluster = std::move(*cluster);
  return state;
}

int FailNodeState(Context& context, const Status& status) {
  if (!context.client().problem().code.empty()) return context.FailCall();
  return context.out().Fail({kExitServerError, "not_understood", status.message(), ""});
}

}  // namespace trifecta::cmd
