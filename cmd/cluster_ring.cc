#include "cmd/command.h"
#include "net/json.h"
#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

std::string Joined(const net::JsonValue& addresses) {
  std::string line;
  for (const net::JsonValue& address : addresses.array()) {
    line += StrCat(line.empty() ? "" : " ", Escaped(address.string()));
  }
  return line;
}

}  // namespace

// "PARTITION<tab>ADDRESS ADDRESS ..." a line; a partition that moves has two more fields: to which
// nodes, and how far it has come.
int RunClusterRing(Context& context) {
  Output& out = context.out();
  auto document = context.client().Ring();
  if (!document.ok()) return context.FailCall();
  if (out.json()) {
    out.Data(*document + "\n");
    return kExitDone;
  }
  auto json = net::ParseJson(*document);
  if (!json.ok()) {
    return out.Fail({kExitServerError, "not_understood", json.status().message(), ""});
  }
  std::string text;
  for (const net::JsonValue& partition : (*json)["partitions"].array()) {
    text += StrCat(partition["partition"].number(), "\t", Joined(partition["owners"]));
    if (!partition["moving_to"].is_null()) {
      text +=
          StrCat("\t", Joined(partition["moving_to"]), "\t", Escaped(partition["step"].string()));
    }
    text.push_back('\n');
  }
  out.Data(text);
  return kExitDone;
}

}  // namespace trifecta::cmd
