// How a channel comes to a connection: name, addresses one after the other, and what follows when
// none of them answers.
#include <algorithm>
#include <utility>

#include "net/http_connection.h"
#include "net/peer.h"
#include "net/peer_channel.h"
#include "storage/base/text.h"

namespace trifecta::net {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

void PeerChannel::ContinueConnect(const ConnectionPtr& connection, PeerCallbacks* callbacks) {
  if (connection->resolved) return;
  auto found = host_->Resolve(peer_->endpoint);
  {
    std::lock_guard lock(mutex_);
    if (connection->state != State::kConnecting) return;
    host_->WakeBy(connection->give_up);
  }
  if (!found) return;
  if (!found->ok()) return ConnectFailed(connection, found->status(), callbacks);
  connection->resolved = true;
  connection->addresses = std::move(**found);
  std::reverse(connection->addresses.begin(), connection->addresses.end());
  connection->address_timeout =
      host_->options().connect_timeout / std::max<size_t>(connection->addresses.size(), 1);
  TryConnect(connection, {StatusCode::kUnavailable, "name not known (it has no address)"},
             callbacks);
}

void PeerChannel::OnResolved(PeerCallbacks* callbacks) {
  std::vector<ConnectionPtr> connecting;
  {
    std::lock_guard lock(mutex_);
    for (const ConnectionPtr& connection : connections_) {
      if (connection->state == State::kConnecting) connecting.push_back(connection);
    }
  }
  for (const ConnectionPtr& connection : connecting) ContinueConnect(connection, callbacks);
}

// Goes on with the next address of the peer's name; `failure` is of the one before.
void PeerChannel::TryConnect(const ConnectionPtr& connection, Status failure,
                             PeerCallbacks* callbacks) {
  std::vector<SocketAddress>& addresses = connection->addresses;
  while (!addresses.empty()) {
    const SocketAddress address = addresses.back();
    {
      std::lock_guard lock(mutex_);
      connection->give_up = Clock::now() + connection->address_timeout;
      host_->WakeBy(connection->give_up);
    }
    addresses.pop_back();
    failure = connection->StartConnect(address);
    if (failure.ok()) failure = host_->Watch(connection.get());
    if (failure.ok()) return;
  }
  host_->ForgetName(peer_->endpoint);
  ConnectFailed(connection, std::move(failure), callbacks);
}

void PeerChannel::GiveUpAddress(const ConnectionPtr& connection, PeerCallbacks* callbacks) {
  const std::string text =
      connection->resolved ? StrCat("no answer within ", TimeText(host_->options().connect_timeout))
                           : std::string("name not known (the name server does not answer)");
  TryConnect(connection, {StatusCode::kUnavailable, text}, callbacks);
}

void PeerChannel::FinishConnect(const ConnectionPtr& connection, PeerCallbacks* callbacks) {
  const Result<bool> connected = connection->FinishConnect();
  if (!connected.ok()) return TryConnect(connection, connected.status(), callbacks);
  if (!*connected) return;
  peer_->backoff.Reached();
  PeerCounters::Count(&peer_->counters.connects);
  Next next;
  {
    std::lock_guard lock(mutex_);
    if (connection->state != State::kConnecting) return;
    const TimePoint now = Clock::now();
    BecomeIdle(connection.get(), now);
    next = PickNext(now, callbacks);
  }
  Do(next);
}

void PeerChannel::ConnectFailed(const ConnectionPtr& connection, Status failure,
                                PeerCallbacks* callbacks) {
  failure = Failure(StatusCode::kUnavailable, failure.message());
  peer_->backoff.Failed(failure, Clock::now());
  std::lock_guard lock(mutex_);
  Remove(connection.get());
  if (connections_.empty()) FinishAll(queue_.TakeAll(), failure, callbacks);
}

}  // namespace trifecta::net
