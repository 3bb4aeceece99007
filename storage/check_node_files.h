// The offline check of what a node keeps beside its store: the files `node` and `clock`, and those
// of its part in a cluster, `incarnation` and `ring` (net/PROTOCOL.md). The daemon writes them.
#pragma once

#include <string_view>

#include "storage/base/status.h"
#include "storage/check_report.h"

namespace trifecta::storage {

inline constexpr std::string_view kNodeFile = "node";
inline constexpr std::string_view kClockFile = "clock";
inline constexpr std::string_view kIncarnationFile = "incarnation";
inline constexpr std::string_view kRingFile = "ring";

// Whether it is the name of one of these.
bool IsNodeFile(std::string_view name);
// A new version of one of them whose writing was cut short: nothing needs it.
bool IsUnfinishedNodeFile(std::string_view name);

// The node's identity: lines of text, the last one the checksum of those before it.
Status CheckNodeFile(CheckReport* report);
// The number of the node's life: the same, of other lines.
Status CheckIncarnationFile(CheckReport* report);
// What the node has promised about the ring: bytes that end with their checksum.
Status CheckRingFile(CheckReport* report);
// The clock's ceiling: two slots, of which power loss may have torn one.
Status CheckClockFile(CheckReport* report);

}  // namespace trifecta::storage
