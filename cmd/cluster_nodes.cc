#include "cmd/command.h"
#include "cmd/table.h"
#include "net/json.h"

namespace trifecta::cmd {

int RunClusterNodes(Context& context) {
  Output& out = context.out();
  auto document = context.client().Nodes();
  if (!document.ok()) return context.FailCall();
  if (out.json()) {
    out.Data(*document + "\n");
    return kExitDone;
  }
  auto json = net::ParseJson(*document);
  if (!json.ok())
    return out.Fail({kExitServerError, "not_understood", json.status().message(), ""});
  Table table({{"NODE", TableColumn::kAlways},
               {"ADDRESS", TableColumn::kAlways},
               {"ZONE", TableColumn::kAlways},
               {"STATUS", TableColumn::kAlways}});
  for (const net::JsonValue& node : (*json)["nodes"].array()) {
    const std::string zone = Escaped(node["zone"].string());
    table.Add({Escaped(node["id"].string()), Escaped(node["host"].string()),
               zone.empty() ? "-" : zone, Escaped(node["status"]["message"].string())});
  }
  out.Data(table.Format(SIZE_MAX));
  return kExitDone;
}

}  // namespace trifecta::cmd
