// cluster decommission and cluster remove: a node leaves the cluster. Asks one node to have it
// begin, then follows it in the cluster's document until it is done; it goes on by itself whether
// somebody follows it or not.
#include "cmd/cluster_progress.h"
#include "cmd/command.h"
#include "net/json.h"
#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

using net::JsonValue;

// A change as the node has told it.
struct Change {
  std::string verb;  // "decommission"
  std::string id, address;
  uint64_t ring_epoch = 0;
  JsonValue document;
};

std::string BodyOf(const Arguments& arguments) {
  net::JsonWriter json;
  json.BeginObject().Key("node").String(arguments.positional.at(0));
  json.Key("dry_run").Bool(arguments.Has("dry-run"));
  return json.EndObject().Take();
}

std::string Partitions(uint64_t count) {
  return StrCat(Thousands(count), count == 1 ? " partition" : " partitions");
}

// What moves where, and what else there is to know of it, a line each.
std::string PlanText(const Change& change) {
  const JsonValue& plan = change.document;
  std::string text = StrCat("node ", change.address, " (", change.id, ") has copies of ",
                            Partitions(plan["partitions"].number()));
  if (plan["moves"].array().empty()) text += "; no copy has to be made elsewhere";
  text.push_back('\n');
  for (const JsonValue& move : plan["moves"].array()) {
    text += StrCat("  ", Partitions(move["partitions"].number()), " to ",
                   Escaped(move["to"].string()), "\n");
  }
  for (const JsonValue& note : plan["notes"].array()) {
    text += StrCat("note: ", Escaped(note.string()), "\n");
  }
  return text;
}

Result<Change> ParseChange(std::string verb, std::string_view document) {
  auto json = net::ParseJson(document);
  if (!json.ok() || (*json)["node"]["id"].string().empty()) {
    return Status(StatusCode::kInternal, "the node's answer is not understood: it names no node");
  }
  Change change{std::move(verb),
                Escaped((*json)["node"]["id"].string()),
                Escaped((*json)["node"]["address"].string()),
                (*json)["ring_epoch"].number(),
                {}};
  change.document = std::move(*json);
  return change;
}

int TellEnd(Context& context, const Change& change) {
  Output& out = context.out();
  if (out.json()) {
    net::JsonWriter json;
    json.BeginObject().Key("operation").String(change.verb).Key("node").BeginObject();
    json.Key("id").String(change.id).Key("address").String(change.address).EndObject();
    json.Key("done").Bool(true);
    out.Data(json.EndObject().Take() + "\n");
  } else {
    out.Data(StrCat("node ", change.address, " has left the cluster",
                    change.verb == "decommission" ? "; its trifectad stops by itself\n" : "\n"));
  }
  return kExitDone;
}

// Where the operation has come to, by a document of its time.
ClusterProgress::Step StepOf(const Change& change, const ClusterView& cluster) {
  using Step = ClusterProgress::Step;
  if (cluster.ring_epoch < change.ring_epoch) return Step{};
  if (cluster.operation && cluster.operation->node == change.id) {
    return Step{.line = StrCat(Partitions(cluster.operation->partitions_left), " still to move")};
  }
  for (const NodeView& node : cluster.nodes) {
    if (node.id == change.id) return Step{.end = Step::End::kGivenUp};
  }
  return Step{.end = Step::End::kDone};
}

int Follow(Context& context, const Change& change) {
  const ClusterProgress::Step last = ClusterProgress(&context).Run(
      [&](const ClusterView& cluster) { return StepOf(change, cluster); });
  using End = ClusterProgress::Step::End;
  switch (last.end) {
    case End::kDone:
      return TellEnd(context, change);
    case End::kGivenUp:
      return context.out().Fail({kExitServerError, "given_up",
                                 StrCat("the ", change.verb, " was given up: node ", change.address,
                                        " is a member as before"),
                                 "The log of the nodes says why."});
    case End::kInterrupted:
      return context.out().Fail({kExitInterrupted, "interrupted",
                                 StrCat("interrupted; the ", change.verb, " of node ",
                                        change.address, " goes on without this command"),
                                 "'trifecta cluster-status' shows how far it is."});
    case End::kOpen:
      break;
  }
  const Error why = ExplainProblem(context.client().problem(), context.settings().nodes_named);
  return context.out().Fail(
      {why.exit_status, why.code,
       StrCat(why.message, "; the ", change.verb, " of node ", change.address, " goes on"),
       "'trifecta cluster-status' shows how far it is."});
}

int RunChange(Context& context, const std::string& verb) {
  Output& out = context.out();
  const bool dry_run = context.arguments().Has("dry-run");
  auto document = context.client().ChangeCluster(verb, BodyOf(context.arguments()));
  if (!document.ok()) return context.FailCall();
  const auto change = ParseChange(verb, *document);
  if (!change.ok()) {
    return out.Fail({kExitServerError, "not_understood", change.status().message(), ""});
  }
  if (dry_run) {
    out.Data(out.json() ? *document + "\n" : PlanText(*change));
    return kExitDone;
  }
  if (!out.json()) {
    std::string plan = PlanText(*change);
    plan.pop_back();
    out.Note(plan);
  }
  context.client().LearnNodes();  // the one that answers may be the one that goes
  return Follow(context, *change);
}

}  // namespace

int RunClusterDecommission(Context& context) { return RunChange(context, "decommission"); }
int RunClusterRemove(Context& context) { return RunChange(context, "remove"); }

}  // namespace trifecta::cmd
