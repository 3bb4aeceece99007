// The ring document as the last run of this node has left it, for what has to be decided before the
// node talks to anybody.
#pragma once

#include <cstddef>
#include <string>

#include "net/ring.h"

namespace trifecta::daemon {

// A ring register's state is two documents at most.
inline constexpr size_t kRingFileBytesMax = 2 * net::kRingBytesMax + 4096;

// Whether each word has more than one owner by that document, so that a node that has lost words
// can have them back. False where there is no document that can be read: what is wrong with it is
// found and told by who needs it (daemon/protocol_thread.h).
bool EachWordHasCopies(const std::string& data_dir);

}  // namespace trifecta::daemon
