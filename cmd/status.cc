#include "cmd/node_state.h"
#include "net/json.h"
#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

void PrintNode(Output* out, const NodeState& state) {
  const auto print = [out](std::string_view name, std::string_view value) {
    if (!value.empty()) out->Data(StrCat(name, std::string(10 - name.size(), ' '), value, "\n"));
  };
  const NodeView* const node = state.cluster.self();
  if (node == nullptr) return;
  print("id", node->id);
  print("zone", node->zone);
  print("words", Thousands(node->words));
  print("data", Bytes(node->bytes));
  print("uptime", Seconds(static_cast<double>(node->uptime_seconds)));
  print("cluster", StrCat(state.cluster.name, ", ", state.cluster.nodes.size(),
                          state.cluster.nodes.size() == 1 ? " node" : " nodes"));
}

std::string VersionOf(const std::string& document) {
  auto json = net::ParseJson(document);
  return json.ok() ? Escaped((*json)["version"].string()) : "";
}

}  // namespace

int RunStatus(Context& context) {
  auto state = AskNodeState(context);
  if (!state.ok()) return FailNodeState(context, state.status());
  auto document = context.client().Version();
  if (!document.ok()) return context.FailCall();
  const std::string version = VersionOf(*document);
  Output& out = context.out();
  const std::string node = context.client().node();
  if (out.json()) {
    net::JsonWriter json;
    json.BeginObject().Key("node").String(node).Key("version").String(version);
    json.Key("ready").Bool(state->ready).Key("detail").String(state->Sentence());
    json.Key("cluster").Raw(state->document);
    out.Data(json.EndObject().Take() + "\n");
  } else {
    out.Data(StrCat("node      ", node, "\nversion   ", version, "\n"));
    PrintNode(&out, *state);
    out.Data(StrCat("state     ", state->Sentence(), "\n"));
  }
  return state->ready ? kExitDone : kExitNo;
}

}  // namespace trifecta::cmd
