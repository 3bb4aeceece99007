#include "daemon/seed_knock.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "net/name_lookup.h"
#include "net/socket.h"

namespace trifecta::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A host that is there refuses within a round trip; seeds are asked once a second.
constexpr milliseconds kKnockPatience{900};

// One connection that is being made.
struct Knock {
  size_t address;  // its index
  net::Socket socket;
  bool ended = false;
};

// A name may have several addresses; the node is at one of them, so all have to refuse.
struct Door {
  size_t knocks = 0;
  size_t refusals = 0;
};

// Where this host has no IPv6, or no IPv4, an address of that kind says nothing.
bool HasWay(int error) {
  return error != ENETUNREACH && error != EADDRNOTAVAIL && error != EAFNOSUPPORT;
}

void Begin(size_t index, const net::SocketAddress& to, std::vector<Knock>* knocks, Door* door) {
  net::Socket socket(::socket(to.get()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.open()) return;
  if (connect(socket.fd(), to.get(), to.length) == 0) {
    ++door->knocks;
    return;
  }
  const int error = errno;
  if (!HasWay(error)) return;
  ++door->knocks;
  if (error == EINPROGRESS) knocks->push_back({index, std::move(socket)});
  if (error == ECONNREFUSED) ++door->refusals;
}

bool IsRefused(const net::Socket& socket) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &length) == 0 &&
         error == ECONNREFUSED;
}

// Waits for what is under way; false when there is nothing left to wait for.
bool WaitOnce(std::vector<Knock>* knocks, std::vector<Door>* doors,
              steady_clock::time_point deadline) {
  std::erase_if(*knocks, [](const Knock& knock) { return knock.ended; });
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
  if (knocks->empty() || left.count() <= 0) return false;
  std::vector<pollfd> polled;
  for (const Knock& knock : *knocks) polled.push_back({knock.socket.fd(), POLLOUT, 0});
  if (poll(polled.data(), polled.size(), static_cast<int>(left.count())) < 0) return errno == EINTR;
  for (size_t i = 0; i < polled.size(); ++i) {
    if (polled[i].revents == 0) continue;
    Knock& knock = (*knocks)[i];
    knock.ended = true;
    (*doors)[knock.address].refusals += IsRefused(knock.socket);
  }
  return true;
}

}  // namespace

std::vector<net::Address> WhoRefuse(const std::vector<net::Address>& addresses,
                                    milliseconds patience) {
  std::vector<Door> doors(addresses.size());
  std::vector<Knock> knocks;
  for (size_t i = 0; i < addresses.size(); ++i) {
    const Result<net::Endpoint> endpoint = net::ParseEndpoint(addresses[i]);
    if (!endpoint.ok()) continue;
    const auto found = net::LookUpName(*endpoint);
    if (!found.ok()) continue;
    for (const net::SocketAddress& to : *found) Begin(i, to, &knocks, &doors[i]);
  }
  const steady_clock::time_point deadline = steady_clock::now() + patience;
  while (WaitOnce(&knocks, &doors, deadline)) {
  }
  std::vector<net::Address> refusing;
  for (size_t i = 0; i < addresses.size(); ++i) {
    if (doors[i].knocks > 0 && doors[i].refusals == doors[i].knocks) {
      refusing.push_back(addresses[i]);
    }
  }
  return refusing;
}

struct SeedKnocker::Shared {
  std::mutex mutex;
  std::function<void(const net::Address&)> refused;  // empty: the knocker is gone. All under mutex
  std::set<net::Address> under_way;

  void Run(const net::Address& address) {
    const bool refuses = !WhoRefuse({address}, kKnockPatience).empty();
    std::lock_guard lock(mutex);
    under_way.erase(address);
    if (refuses && refused) refused(address);
  }
};

SeedKnocker::SeedKnocker(std::function<void(const net::Address&)> refused)
    : shared_(std::make_shared<Shared>()) {
  shared_->refused = std::move(refused);
}

SeedKnocker::~SeedKnocker() {
  std::lock_guard lock(shared_->mutex);
  shared_->refused = nullptr;
}

void SeedKnocker::Knock(const net::Address& address) {
  std::lock_guard lock(shared_->mutex);
  if (!shared_->under_way.insert(address).second) return;
  try {
    std::thread([shared = shared_, address] { shared->Run(address); }).detach();
  } catch (const std::system_error&) {
    // No thread to be had: no answer, and it is asked again.
    shared_->under_way.erase(address);
  }
}

}  // namespace trifecta::daemon
