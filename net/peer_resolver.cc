#include "net/peer_resolver.h"

#include <chrono>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace trifecta::net {
namespace {

using Clock = std::chrono::steady_clock;
using Found = Result<std::vector<SocketAddress>>;

// How long a found address is taken without asking; one that leads nowhere is asked for sooner.
constexpr std::chrono::seconds kKeepFound{60};
// How long a name that was not found is not asked for again.
constexpr std::chrono::seconds kKeepMissing{1};
// Lookups at a time; with a dead name server each keeps a thread for tens of seconds.
constexpr size_t kLookupsMax = 16;
// Names remembered; beyond it all are looked up anew. Far above the nodes of a cluster.
constexpr size_t kNamesMax = 16'384;

}  // namespace

struct PeerResolver::Shared {
  struct Entry {
    std::optional<Found> found;
    Clock::time_point at{};
    bool under_way = false;

    bool fresh(Clock::time_point now) const {
      return found && now < at + (found->ok() ? Clock::duration(kKeepFound) : kKeepMissing);
    }
  };

  std::mutex mutex;
  std::function<void()> notify;  // empty: the resolver is gone. All under mutex
  std::map<std::string, Entry> names;
  size_t under_way = 0;

  void Finish(const std::string& name, Found found) {
    std::lock_guard lock(mutex);
    names[name] = {std::move(found), Clock::now(), false};
    --under_way;
    if (notify) notify();
  }
};

PeerResolver::PeerResolver(std::function<void()> found) : shared_(std::make_shared<Shared>()) {
  shared_->notify = std::move(found);
}

PeerResolver::~PeerResolver() {
  std::lock_guard lock(shared_->mutex);
  shared_->notify = nullptr;
}

std::optional<Found> PeerResolver::Find(const Endpoint& endpoint) {
  if (Found address = ReadAddress(endpoint); address.ok()) return address;
  const std::string name = endpoint.ToString();
  std::lock_guard lock(shared_->mutex);
  if (shared_->names.size() > kNamesMax) {
    std::erase_if(shared_->names, [](const auto& entry) { return !entry.second.under_way; });
  }
  Shared::Entry& entry = shared_->names[name];
  if (entry.fresh(Clock::now())) return entry.found;
  if (entry.under_way || shared_->under_way >= kLookupsMax) return std::nullopt;
  try {
    std::thread([shared = shared_, endpoint, name] {
      shared->Finish(name, LookUpName(endpoint));
    }).detach();
  } catch (const std::system_error& error) {
    return Found(Status(StatusCode::kUnavailable, error.what()));
  }
  entry.under_way = true;
  ++shared_->under_way;
  return std::nullopt;
}

void PeerResolver::Forget(const Endpoint& endpoint) {
  std::lock_guard lock(shared_->mutex);
  const auto entry = shared_->names.find(endpoint.ToString());
  if (entry != shared_->names.end() && !entry->second.under_way) shared_->names.erase(entry);
}

}  // namespace trifecta::net
