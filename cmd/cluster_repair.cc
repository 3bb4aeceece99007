// cluster repair: every node in turn is compared with all other owners of what it has, and what
// differs is set right both ways. After the last one every two owners have been compared.
#include <chrono>

#include "cmd/cluster_view.h"
#include "cmd/command.h"
#include "net/json.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::cmd {
namespace {

using net::JsonValue;

// From one look at a node's repair to the next.
constexpr std::chrono::milliseconds kPause{200};

struct NodeRepair {
  const NodeView* node = nullptr;
  uint64_t peers = 0, fetched = 0, sent = 0;
  std::vector<std::string> failures;  // why it is not whole
};

class RepairCommand {
 public:
  RepairCommand(Context* context, std::string prefix, bool dry_run)
      : context_(*context), prefix_(std::move(prefix)), dry_run_(dry_run) {}

  int Run() {
    auto document = context_.client().Cluster();
    if (!document.ok()) return context_.FailCall();
    auto cluster = ParseCluster(*document);
    if (!cluster.ok()) {
      return context_.out().Fail(
          {kExitServerError, "not_understood", cluster.status().message(), ""});
    }
    for (const NodeView& node : cluster->nodes) {
      done_.push_back({&node, 0, 0, 0, {}});
      Repair(&done_.back());
      if (interrupted_) {
        return context_.out().Fail({kExitInterrupted, "interrupted",
                                    StrCat("interrupted; the repair of node ", node.address,
                                           " goes on without this command"),
                                    "The nodes after it were not repaired."});
      }
      Tell(done_.back());
    }
    return Conclude();
  }

 private:
  // Has the node begin, and waits for its end.
  void Repair(NodeRepair* repair) {
    const std::unique_ptr<net::Client> client = context_.MakeClientOf(repair->node->address);
    net::JsonWriter body;
    body.BeginObject().Key("prefix").String(prefix_).Key("dry_run").Bool(dry_run_).EndObject();
    auto answer = client->ChangeCluster("repair", body.Take());
    for (uint64_t run = 0;;) {
      if (!answer.ok()) return Fail(*client, repair);
      auto json = net::ParseJson(*answer);
      if (!json.ok() || (*json)["run"].is_null()) {
        return repair->failures.push_back("its answer is not understood");
      }
      Take(*json, repair);
      const uint64_t now = (*json)["run"].number();
      if (now < run) return repair->failures.push_back("it was started again meanwhile");
      run = now;
      if (dry_run_ || !(*json)["running"].boolean()) return;
      if (!context_.Pause(kPause)) {
        interrupted_ = true;
        return;
      }
      answer = client->LastRepair();
    }
  }

  void Take(const JsonValue& json, NodeRepair* repair) {
    repair->peers = json["peers"].number();
    repair->fetched = json["fetched"].number();
    repair->sent = json["sent"].number();
    repair->failures.clear();
    for (const JsonValue& failure : json["failures"].array()) {
      repair->failures.push_back(Escaped(failure.string()));
    }
  }

  void Fail(const net::Client& client, NodeRepair* repair) {
    interrupted_ = client.problem().code == "interrupted";
    repair->failures.push_back(
        Escaped(ExplainProblem(client.problem(), context_.settings().nodes_named).message));
  }

  void Tell(const NodeRepair& repair) {
    Output& out = context_.out();
    if (out.json()) return;
    for (const std::string& failure : repair.failures) {
      out.Warn(StrCat("node ", repair.node->address, ": ", failure));
    }
    if (dry_run_ && repair.failures.empty()) {
      out.Data(StrCat("node ", repair.node->address, " would be compared with ", repair.peers,
                      repair.peers == 1 ? " other\n" : " others\n"));
    } else if (repair.failures.empty()) {
      out.Note(StrCat("node ", repair.node->address, ": ", Thousands(repair.fetched),
                      " entries fetched, ", Thousands(repair.sent), " sent"));
    }
  }

  int Conclude() {
    Output& out = context_.out();
    uint64_t entries = 0;
    size_t whole = 0;
    for (const NodeRepair& repair : done_) {
      entries += repair.fetched + repair.sent;
      whole += repair.failures.empty();
    }
    if (out.json()) {
      WriteJson(entries, whole);
    } else if (!dry_run_) {
      out.Data(StrCat(Thousands(entries), entries == 1 ? " entry" : " entries",
                      " sent between nodes; ", whole, " of ", done_.size(),
                      " nodes are as all other owners of what they have\n"));
    }
    return whole == done_.size() ? kExitDone : kExitPartial;
  }

  void WriteJson(uint64_t entries, size_t whole) {
    net::JsonWriter json;
    json.BeginObject().Key("operation").String("repair").Key("prefix").String(prefix_);
    json.Key("dry_run").Bool(dry_run_).Key("entries").Number(entries);
    json.Key("whole").Bool(whole == done_.size()).Key("nodes").BeginArray();
    for (const NodeRepair& repair : done_) {
      json.BeginObject().Key("id").String(repair.node->id);
      json.Key("address").String(repair.node->address).Key("peers").Number(repair.peers);
      json.Key("fetched").Number(repair.fetched).Key("sent").Number(repair.sent);
      json.Key("failures").BeginArray();
      for (const std::string& failure : repair.failures) json.String(failure);
      json.EndArray().EndObject();
    }
    context_.out().Data(json.EndArray().EndObject().Take() + "\n");
  }

  Context& context_;
  const std::string prefix_;
  const bool dry_run_;
  bool interrupted_ = false;
  std::vector<NodeRepair> done_;
};

}  // namespace

int RunClusterRepair(Context& context) {
  const auto& given = context.arguments().positional;
  const std::string prefix = given.empty() ? "" : given[0];
  const Status valid = ValidatePrefix(prefix);
  if (!valid.ok()) return context.FailUsage(valid);
  return RepairCommand(&context, prefix, context.arguments().Has("dry-run")).Run();
}

}  // namespace trifecta::cmd
