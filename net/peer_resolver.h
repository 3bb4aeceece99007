// The addresses of peers' names. The system's resolver knows no deadline, so that names are looked
// up by threads of their own, and remembered.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/name_lookup.h"

namespace trifecta::net {

// Find and Forget: one thread.
class PeerResolver {
 public:
  // `found` is called by a thread of the resolver after each lookup, and not after the resolver's
  // end.
  explicit PeerResolver(std::function<void()> found);
  // Waits for no lookup: a thread whose lookup hangs ends later, by itself.
  ~PeerResolver();
  PeerResolver(const PeerResolver&) = delete;
  PeerResolver& operator=(const PeerResolver&) = delete;

  // What is known of the endpoint: at once when its host is an address, or a name that was looked
  // up not long ago. Nothing when a lookup is under way; ask again when `found` was called.
  std::optional<Result<std::vector<SocketAddress>>> Find(const Endpoint& endpoint);
  // The addresses of this name led nowhere: the next Find looks it up again.
  void Forget(const Endpoint& endpoint);

 private:
  struct Shared;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace trifecta::net
