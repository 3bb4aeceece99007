// A replica's answer to kRanges.
#pragma once

#include "daemon/replication/range_messages.h"
#include "storage/base/status.h"
#include "storage/store.h"

namespace trifecta::replication {

// Reads at most about kRangesEntriesMax entries. The fence has been compared by the caller. Any
// thread; errors are the store's.
Status DigestRanges(const storage::Store& store, unsigned k_factor, const RangesRequest& request,
                    RangesReply* reply);

}  // namespace trifecta::replication
