// cluster drain: a node takes no more requests. Asks any node to have it begin, then asks the node
// itself how far it is: a node that drains refuses all but its health.
#include <chrono>
#include <optional>

#include "cmd/cluster_view.h"
#include "cmd/command.h"
#include "net/json.h"
#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

using std::chrono::steady_clock;

// From one look to the next, and how long the node may not answer at all.
constexpr std::chrono::milliseconds kPause{200};
constexpr std::chrono::seconds kPatience{10};

struct Drained {
  std::string id, address;
  std::vector<std::string> notes;
};

Result<Drained> Parse(std::string_view document) {
  auto json = net::ParseJson(document);
  if (!json.ok() || (*json)["node"]["address"].string().empty()) {
    return Status(StatusCode::kInternal, "the node's answer is not understood: it names no node");
  }
  Drained node{Escaped((*json)["node"]["id"].string()),
               std::string((*json)["node"]["address"].string()),
               {}};
  for (const net::JsonValue& note : (*json)["notes"].array()) {
    node.notes.push_back(StrCat("note: ", Escaped(note.string())));
  }
  return node;
}

// The node to drain, by name: one that is told "you" again, after an answer that was lost, would
// be another one than before where several nodes are asked in turn.
std::optional<std::string> NodeOf(Context& context, int* failed) {
  if (!context.arguments().positional.empty()) return context.arguments().positional[0];
  auto document = context.client().Cluster();
  if (!document.ok()) {
    *failed = context.FailCall();
    return std::nullopt;
  }
  const auto cluster = ParseCluster(*document);
  if (const NodeView* self = cluster.ok() ? cluster->self() : nullptr) return self->id;
  *failed = context.out().Fail(
      {kExitServerError, "not_understood", "the node's answer does not say which node it is", ""});
  return std::nullopt;
}

// What the node's last word on its readiness says: that it is drained, in which words.
std::optional<std::string> DrainedBy(std::string_view ready) {
  auto json = net::ParseJson(ready);
  if (!json.ok() || !(*json)["drained"].boolean()) return std::nullopt;
  const auto& reasons = (*json)["reasons"].array();
  return reasons.empty() ? "drained" : Escaped(reasons.front().string());
}

int Follow(Context& context, const Drained& node) {
  Output& out = context.out();
  const std::unique_ptr<net::Client> client = context.MakeClientOf(node.address);
  steady_clock::time_point give_up = steady_clock::now() + kPatience;
  while (true) {
    bool ready = false;
    auto answer = client->Ready(&ready);
    if (answer.ok()) {
      give_up = steady_clock::now() + kPatience;
      if (const auto said = DrainedBy(*answer)) {
        if (!out.json()) {
          out.Data(StrCat("node ", Escaped(node.address), ": ", *said, "\n"));
          return kExitDone;
        }
        net::JsonWriter json;
        json.BeginObject().Key("operation").String("drain").Key("node").BeginObject();
        json.Key("id").String(node.id).Key("address").String(node.address).EndObject();
        json.Key("done").Bool(true).Key("detail").String(*said);
        out.Data(json.EndObject().Take() + "\n");
        return kExitDone;
      }
    } else if (steady_clock::now() > give_up) {
      return context.Fail(*client);
    }
    if (!context.Pause(kPause)) {
      return out.Fail(
          {kExitInterrupted, "interrupted",
           StrCat("interrupted; node ", Escaped(node.address), " drains without this command"),
           "Its /ready tells how far it is."});
    }
  }
}

}  // namespace

int RunClusterDrain(Context& context) {
  Output& out = context.out();
  const bool dry_run = context.arguments().Has("dry-run");
  int failed = kExitDone;
  const std::optional<std::string> name = NodeOf(context, &failed);
  if (!name) return failed;
  net::JsonWriter body;
  body.BeginObject().Key("node").String(*name).Key("dry_run").Bool(dry_run).EndObject();
  auto document = context.client().ChangeCluster("drain", body.Take());
  if (!document.ok()) return context.FailCall();
  const auto node = Parse(*document);
  if (!node.ok()) {
    return out.Fail({kExitServerError, "not_understood", node.status().message(), ""});
  }
  if (dry_run) {
    std::string text =
        StrCat("node ", Escaped(node->address), " (", node->id, ") would take no more requests\n");
    for (const std::string& note : node->notes) text += note + "\n";
    out.Data(out.json() ? *document + "\n" : text);
    return kExitDone;
  }
  if (!out.json()) {
    for (const std::string& note : node->notes) out.Note(note);
  }
  return Follow(context, *node);
}

}  // namespace trifecta::cmd
