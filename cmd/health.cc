#include "cmd/node_state.h"
#include "net/json.h"
#include "storage/base/text.h"

namespace trifecta::cmd {

int RunHealth(Context& context) {
  auto state = AskNodeState(context);
  if (!state.ok()) return FailNodeState(context, state.status());
  Output& out = context.out();
  const std::string node = context.client().node();
  if (out.json()) {
    net::JsonWriter json;
    json.BeginObject().Key("healthy").Bool(state->healthy()).Key("node").String(node);
    json.Key("ready").Bool(state->ready).Key("detail").String(state->Sentence());
    out.Data(json.EndObject().Take() + "\n");
  } else if (!out.quiet()) {
    out.Data(StrCat(node, ": ", state->Sentence(), "\n"));
  }
  return state->healthy() ? kExitDone : kExitNo;
}

}  // namespace trifecta::cmd
