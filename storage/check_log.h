// The log's part of the offline check.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "storage/base/entry.h"
#include "storage/base/status.h"
#include "storage/check_report.h"

namespace trifecta::storage {

// Reads the segments `names` (log files of the folder, sorted) by the rule of
// storage/log_recovery.h and goes on behind each fault. `take` is called with the entries of each
// frame above `covered`, valid during the call.
Status CheckLog(CheckReport* report, const std::vector<std::string>& names, uint64_t covered,
                const std::function<void(std::span<const Entry>)>& take);

}  // namespace trifecta::storage
