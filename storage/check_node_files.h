// The offline check of what a node keeps beside its store: the files `node` and `clock`, which
// storage/FORMAT.md describes and the daemon writes.
#pragma once

#include <string_view>

#include "storage/base/status.h"
#include "storage/check_report.h"

namespace trifecta::storage {

inline constexpr std::string_view kNodeFile = "node";
inline constexpr std::string_view kClockFile = "clock";

// The node's identity: lines of text, the last one the checksum of those before it.
Status CheckNodeFile(CheckReport* report);
// The clock's ceiling: two slots, of which power loss may have torn one.
Status CheckClockFile(CheckReport* report);

}  // namespace trifecta::storage
