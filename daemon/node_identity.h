// Who this node is: a UUID made once and kept in the data folder, so that it stays the same node
// when its address changes. The file `node`:
//
//   trifecta-node 1
//   id 3e0f5b1c-8a52-4c0d-9d0f-6f1f0c6f2a11
//   crc32c 9ab4e01d
//
// The checksum is of all bytes before its line; a file that was edited or torn is damage.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/status.h"

namespace trifecta::daemon {

inline constexpr std::string_view kNodeFileName = "node";

// The short number in the versions that a node stamps, given when it joins. The founder has this.
inline constexpr uint16_t kFounderNumber = 1;

// The id in `folder`, made and synced if there is no file yet. Call with the folder's lock held.
// kDataDamaged when the file is not as it was written.
Result<std::string> LoadOrMakeNodeId(const std::string& folder);

// A random UUID of version 4 (RFC 9562) in lower case.
std::string MakeUuid();
bool IsUuid(std::string_view text);

}  // namespace trifecta::daemon
