#include "cmd/cluster_view.h"

#include <algorithm>

#include "cmd/output.h"
#include "net/json.h"
#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

using net::JsonValue;

// Text of the document may come from other nodes' configuration: never raw to a terminal.
std::string Text(const JsonValue& value) { return Escaped(value.string()); }

NodeView ParseNode(const JsonValue& json) {
  NodeView node;
  node.id = Text(json["id"]);
  node.address = Text(json["address"]);
  node.zone = Text(json["zone"]);
  node.state = Text(json["state"]);
  node.version = Text(json["version"]);
  node.self = json["self"].boolean();
  node.words = json["words"].number();
  node.bytes = json["bytes"].number();
  node.owns_ratio = json["owns_ratio"].real();
  node.shards = json["shards"].number();
  node.hints = json["hints"].number();
  if (const JsonValue& age = json["heartbeat_age_ms"]; !age.is_null()) {
    node.heartbeat_age_ms = age.number();
  }
  if (const JsonValue& offset = json["clock_offset_ms"]; !offset.is_null()) {
    node.clock_offset_ms = offset.real();
  }
  node.uptime_seconds = json["uptime_seconds"].number();
  return node;
}

std::vector<std::string> NodesIn(const ClusterView& cluster, std::string_view state) {
  std::vector<std::string> addresses;
  for (const NodeView& node : cluster.nodes) {
    if (node.state == state) addresses.push_back(node.address);
  }
  return addresses;
}

}  // namespace

const NodeView* ClusterView::self() const {
  const auto found =
      std::find_if(nodes.begin(), nodes.end(), [](const NodeView& node) { return node.self; });
  return found == nodes.end() ? nullptr : &*found;
}

Result<ClusterView> ParseCluster(std::string_view document) {
  auto json = net::ParseJson(document);
  if (!json.ok() || (*json)["health"].string().empty()) {
    return Status(StatusCode::kInternal, "the node's answer is not understood: it has no 'health'");
  }
  ClusterView cluster;
  cluster.name = Text((*json)["cluster"]);
  cluster.health = Text((*json)["health"]);
  cluster.can_read = (*json)["can_read"].boolean();
  cluster.can_write = (*json)["can_write"].boolean();
  cluster.replication_factor = (*json)["replication_factor"].number();
  cluster.read_quorum = (*json)["read_quorum"].number();
  cluster.write_quorum = (*json)["write_quorum"].number();
  cluster.ring_epoch = (*json)["ring_epoch"].number();
  if (const JsonValue& words = (*json)["words"]; !words.is_null()) cluster.words = words.number();
  if (const JsonValue& operation = (*json)["operation"]; !operation.is_null()) {
    cluster.operation = {Text(operation["kind"]), Text(operation["node"]),
                         Text(operation["address"]), operation["partitions_left"].number()};
  }
  for (const JsonValue& note : (*json)["notes"].array()) cluster.notes.push_back(Text(note));
  for (const JsonValue& node : (*json)["nodes"].array()) cluster.nodes.push_back(ParseNode(node));
  return cluster;
}

std::string Verdict(const ClusterView& cluster) {
  if (cluster.healthy()) return "healthy: every word can be read and written";
  std::string text = cluster.health;
  const size_t down = NodesIn(cluster, "down").size(), suspect = NodesIn(cluster, "suspect").size();
  if (down > 0) text += StrCat(": ", down, " of ", cluster.nodes.size(), " nodes down");
  if (suspect > 0) {
    text += StrCat(down > 0 ? ", " : ": ", suspect, " of ", cluster.nodes.size(), " suspect");
  }
  if (cluster.can_read && cluster.can_write) return text + "; every word can be read and written";
  if (cluster.can_read) return text + "; reads go on, writes are refused";
  return text + (cluster.can_write ? "; some words cannot be read"
                                   : "; some words can be neither read nor written");
}

std::string NextStep(const ClusterView& cluster) {
  if (cluster.healthy()) return "";
  if (const auto down = NodesIn(cluster, "down"); !down.empty()) {
    std::string list;
    for (const std::string& address : down) list += StrCat(list.empty() ? "" : ", ", address);
    return StrCat("start trifectad on ", list);
  }
  if (!NodesIn(cluster, "suspect").empty()) return "look again in some seconds";
  if (!cluster.can_read) return "see the node's log; stop it and run 'trifecta check DIR' there";
  if (!cluster.can_write) return "make room on the node's disk; writes then go on by themselves";
  return "see the notes above";
}

}  // namespace trifecta::cmd
