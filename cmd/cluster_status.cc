#include <cstdint>
#include <cstdio>

#include "cmd/cluster_view.h"
#include "cmd/command.h"
#include "cmd/table.h"
#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

// Of a UUID so much is enough to tell nodes apart.
constexpr size_t kShortIdBytes = 8;

std::string Format(const char* format, double number) {
  char text[32];
  std::snprintf(text, sizeof text, format, number);
  return text;
}

std::vector<std::string> Row(const NodeView& node) {
  const std::string none = "-";
  const bool known = node.state != "down" && node.state != "suspect";
  return {node.self ? "*" : "",
          node.id.substr(0, kShortIdBytes),
          node.address,
          node.zone.empty() ? none : node.zone,
          node.state == "down" ? "DOWN" : node.state,
          node.version.empty() ? none : node.version,
          known ? Thousands(node.words) : none,
          known ? Bytes(node.bytes) : none,
          Format("%.1f%%", node.owns_ratio * 100),
          known ? Thousands(node.shards) : none,
          known ? Thousands(node.hints) : none,
          node.self || !node.heartbeat_age_ms
              ? none
              : Seconds(static_cast<double>(*node.heartbeat_age_ms) / 1000),
          node.self || !node.clock_offset_ms ? none : Format("%+.0f ms", *node.clock_offset_ms)};
}

std::string NodeTable(const ClusterView& cluster, size_t width) {
  Table table({{"", TableColumn::kAlways},
               {"NODE", 8},
               {"ADDRESS", TableColumn::kAlways},
               {"ZONE", 7},
               {"STATE", TableColumn::kAlways},
               {"VERSION", 2},
               {"WORDS", 9, true},
               {"DATA", 6, true},
               {"OWNS", 5, true},
               {"SHARDS", 3, true},
               {"HINTS", 4, true},
               {"SEEN", 3, true},
               {"CLOCK", 1, true}});
  for (const NodeView& node : cluster.nodes) table.Add(Row(node));
  return table.Format(width);
}

std::string RingLine(const ClusterView& cluster) {
  return StrCat(
      "replication ", cluster.replication_factor, ", read quorum ", cluster.read_quorum,
      ", write quorum ", cluster.write_quorum, ", ring epoch ", cluster.ring_epoch, ", ",
      cluster.words ? Thousands(*cluster.words) + " words" : "words cannot all be counted now");
}

}  // namespace

int RunClusterStatus(Context& context) {
  Output& out = context.out();
  auto document = context.client().Cluster();
  if (!document.ok()) return context.FailCall();
  auto cluster = ParseCluster(*document);
  if (!cluster.ok()) {
    return out.Fail({kExitServerError, "not_understood", cluster.status().message(), ""});
  }
  const int exit_status = cluster->healthy() ? kExitDone : kExitNo;
  if (out.json()) {
    out.Data(*document + "\n");
    return exit_status;
  }
  const size_t width = out.out_is_terminal() ? static_cast<size_t>(out.columns()) : SIZE_MAX;
  const auto print = [&](const std::string& text) { out.Data(Wrap(text, width, 2) + "\n"); };
  print(StrCat("cluster ", cluster->name, " (* the node that answered)"));
  out.Data(NodeTable(*cluster, width));
  print(
      "OWNS: share of all copies; HINTS: writes it keeps for nodes that are away; SEEN: since its "
      "last message");
  print(RingLine(*cluster));
  for (const std::string& note : cluster->notes) print("note: " + note);
  out.Data(out.Colour(Wrap(Verdict(*cluster), width, 2), cluster->healthy() ? "32" : "31") + "\n");
  if (const std::string next = NextStep(*cluster); !next.empty()) print("next: " + next);
  return exit_status;
}

}  // namespace trifecta::cmd
