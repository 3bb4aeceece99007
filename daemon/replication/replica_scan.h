// A replica's reading of its store for kScan and kCount. Any thread; errors are the store's.
#pragma once

#include <cstddef>
#include <string_view>

#include "daemon/replication/messages.h"
#include "storage/base/status.h"
#include "storage/store.h"

namespace trifecta::replication {

// Words of one ScanReply, in bytes: half of what a reply may have, so that a coordinator that
// merges the pages of many replicas holds some MB for each. Pages of longer words end earlier.
inline constexpr size_t kScanBytesMax = size_t{4} * 1024 * 1024;

// Fills the reply to a request whose fences have been compared.
Status Scan(const storage::Store& store, unsigned k_factor, const ScanRequest& request,
            ScanReply* reply);

// Of the words of the shard "" that begin with `prefix`, which has fewer than k_factor characters.
Status DigestShortWords(const storage::Store& store, unsigned k_factor, std::string_view prefix,
                        Digest* digest);

}  // namespace trifecta::replication
