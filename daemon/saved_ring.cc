#include "daemon/saved_ring.h"

#include <algorithm>

#include "daemon/small_file.h"
#include "net/ring_messages.h"
#include "net/ring_register.h"
#include "storage/base/text.h"

namespace trifecta::daemon {

bool EachWordHasCopies(const std::string& data_dir) {
  const Result<std::string> bytes =
      ReadSmallFile(StrCat(data_dir, "/", net::RingRegister::kFileName), kRingFileBytesMax);
  if (!bytes.ok()) return false;
  const Result<net::RingState> state = net::DecodeRingState(*bytes);
  if (!state.ok() || state->committed == nullptr) return false;
  return std::all_of(state->committed->partitions.begin(), state->committed->partitions.end(),
                     [](const net::Partition& partition) { return partition.owners.size() > 1; });
}

}  // namespace trifecta::daemon
