#include "net/peer_channel.h"

#include <algorithm>
#include <iterator>

#include "net/peer.h"
#include "net/peer_refusal.h"
#include "storage/base/text.h"

namespace trifecta::net {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// A refusal that nobody has mended is in the log this often.
constexpr std::chrono::minutes kComplaintInterval{1};

milliseconds PatienceLeft(Clock::time_point deadline, Clock::time_point now) {
  return std::clamp(std::chrono::duration_cast<milliseconds>(deadline - now), milliseconds(0),
                    kPeerPatienceMax);
}

}  // namespace

PeerChannel::PeerChannel(Peer* peer, PeerClass peer_class, PeerHost* host)
    : peer_(peer),
      class_(peer_class),
      host_(host),
      connections_max_(kPeerConnections[static_cast<size_t>(peer_class)]) {}

// --- what comes in

void PeerChannel::Submit(PendingItem item, PeerCallbacks* callbacks) {
  const TimePoint deadline = item.deadline;
  Next next;
  {
    std::lock_guard lock(mutex_);
    if (Status refusal = Admit(item); !refusal.ok()) {
      PeerCounters::Count(&peer_->counters.failures);
      if (item.done) callbacks->Add(std::move(item.done), std::move(refusal));
      return;
    }
    queue_.Add(std::move(item));
    next = PickNext(Clock::now(), callbacks);
  }
  Do(next);
  host_->WakeBy(deadline);
}

Status PeerChannel::Admit(const PendingItem& item) const {
  if (closed_) return {StatusCode::kCancelled, "the node is stopping"};
  const PeerTransportOptions& options = host_->options();
  if (queue_.items() >= options.waiting_items ||
      queue_.bytes() + item.bytes.size() > options.waiting_bytes) {
    return Failure(StatusCode::kUnavailable, "too much waits to be sent to it already");
  }
  if (!host_->Hold(item.bytes.size())) {
    return Failure(StatusCode::kUnavailable, "too much waits to be sent to other nodes");
  }
  return Status::Ok();
}

size_t PeerChannel::waiting() const {
  std::lock_guard lock(mutex_);
  return queue_.items();
}

bool PeerChannel::unused() const {
  std::lock_guard lock(mutex_);
  return queue_.empty() && connections_.empty();
}

// What the queue needs now: an idle connection takes the next batch, or another one is made. Where
// no connection is left and the peer is known to be away, all that waits fails.
PeerChannel::Next PeerChannel::PickNext(TimePoint now, PeerCallbacks* callbacks) {
  if (queue_.empty() || closed_) return {};
  bool connecting = false;
  for (const ConnectionPtr& connection : connections_) {
    if (connection->state == State::kIdle && StartBatch(connection.get())) {
      return {connection, nullptr};
    }
    connecting |= connection->state == State::kConnecting;
  }
  if (connecting || connections_.size() == connections_max_) return {};
  const std::optional<Status> blocked = peer_->backoff.Blocked(now);
  if (!blocked) return {nullptr, NewConnection(now)};
  if (connections_.empty()) FinishAll(queue_.TakeAll(), *blocked, callbacks);
  return {};
}

// The next batch, if there is one for this connection: large items never take all connections.
bool PeerChannel::StartBatch(PeerConnection* connection) {
  const auto carries_large = [](const ConnectionPtr& other) {
    return other->large && !other->batch.empty();
  };
  std::vector<PendingItem> batch =
      queue_.TakeBatch(std::none_of(connections_.begin(), connections_.end(), carries_large));
  if (batch.empty()) return false;
  connection->large = batch.front().large();
  connection->give_up = batch.front().deadline;
  for (const PendingItem& item : batch) {
    connection->give_up = std::max(connection->give_up, item.deadline);
  }
  connection->batch = std::move(batch);
  connection->state = State::kSending;
  return true;
}

PeerChannel::ConnectionPtr PeerChannel::NewConnection(TimePoint now) {
  auto connection = std::make_shared<PeerConnection>(this);
  connection->give_up = now + host_->options().connect_timeout;
  connections_.push_back(connection);
  return connection;
}

PeerChannel::ConnectionPtr PeerChannel::Find(const PeerConnection* connection) const {
  for (const ConnectionPtr& known : connections_) {
    if (known.get() == connection) return known;
  }
  return nullptr;
}

void PeerChannel::Remove(PeerConnection* connection) {
  connection->state = State::kClosed;
  const auto at =
      std::find_if(connections_.begin(), connections_.end(),
                   [&](const ConnectionPtr& known) { return known.get() == connection; });
  if (at == connections_.end()) return;
  host_->Retire(std::move(*at));
  connections_.erase(at);
}

void PeerChannel::BecomeIdle(PeerConnection* connection, TimePoint now) {
  connection->state = State::kIdle;
  connection->give_up = now + host_->options().idle_timeout;
}

void PeerChannel::Do(const Next& next) {
  if (next.transmit) Transmit(next.transmit);
  if (next.connect) host_->WantConnect(next.connect);
}

// --- sending

std::string PeerChannel::RequestHead(size_t body_bytes) const {
  const std::string token = host_->options().token ? host_->options().token() : "";
  std::string head =
      StrCat("POST ", class_ == PeerClass::kProtocol ? kPeerProtocolPath : kPeerPath,
             " HTTP/1.1\r\nHost: ", peer_->address.address,
             "\r\nContent-Type: application/octet-stream\r\nContent-Length: ", body_bytes, "\r\n");
  if (!token.empty()) head += StrCat("Authorization: Bearer ", token, "\r\n");
  return head += "\r\n";
}

// The connection is kSending, and so ours; of the batch, its bytes, kinds and deadlines.
void PeerChannel::Transmit(const ConnectionPtr& connection) {
  const TimePoint now = Clock::now();
  PeerRequest request{host_->cluster(), host_->options().self, peer_->address.id, {}};
  request.items.reserve(connection->batch.size());
  for (const PendingItem& item : connection->batch) {
    request.items.push_back({item.kind, PatienceLeft(item.deadline, now), item.bytes});
  }
  std::string body;
  EncodePeerRequest(request, &body);
  const size_t body_bytes = body.size();
  connection->Begin(RequestHead(body_bytes), std::move(body));
  connection->Send();

  PeerCounters::Count(&peer_->counters.requests);
  PeerCounters::Count(&peer_->counters.items, request.items.size());
  PeerCounters::Count(&peer_->counters.bytes_sent, body_bytes);
  bool missed = false;
  {
    std::lock_guard lock(mutex_);
    if (connection->state != State::kSending) return;  // closed meanwhile
    connection->state = State::kWaiting;
    missed = std::exchange(connection->event_missed, false);
  }
  if (missed) host_->WantEvent(connection);
}

// --- what the loop sees

void PeerChannel::OnEvent(PeerConnection* event, std::span<char> scratch,
                          PeerCallbacks* callbacks) {
  ConnectionPtr connection;
  State state;
  {
    std::lock_guard lock(mutex_);
    connection = Find(event);
    if (!connection) return;  // closed earlier in this turn
    state = connection->state;
    if (state == State::kSending) connection->event_missed = true;
    if (state == State::kIdle && !connection->StillIdle()) Remove(connection.get());
  }
  if (state == State::kConnecting) return FinishConnect(connection, callbacks);
  if (state != State::kWaiting) return;
  switch (connection->Receive(scratch)) {
    case HttpReplyParser::State::kMore:
      return connection->Send();
    case HttpReplyParser::State::kDone:
      return Answered(connection, callbacks);
    case HttpReplyParser::State::kBad:
      return Lost(connection, Failure(StatusCode::kUnavailable, connection->problem()), callbacks);
  }
}

void PeerChannel::Answered(const ConnectionPtr& connection, PeerCallbacks* callbacks) {
  HttpReplyParser& reply = connection->reply();
  const std::string body = reply.TakeBody();
  const int http_status = reply.status();
  // An answer that came before the whole request was sent is a refusal; the rest is not sent.
  const bool keep = reply.keep_alive() && connection->sent();
  PeerCounters::Count(&peer_->counters.bytes_received, body.size());

  std::vector<PendingItem> batch;
  Next next;
  {
    std::lock_guard lock(mutex_);
    const TimePoint now = Clock::now();
    batch = std::move(connection->batch);
    connection->batch.clear();
    connection->used = true;
    if (keep) {
      BecomeIdle(connection.get(), now);
    } else {
      Remove(connection.get());
    }
    next = PickNext(now, callbacks);
  }
  Do(next);
  if (http_status == 200) return Deliver(std::move(batch), DecodePeerAnswers(body), callbacks);
  const std::string refusal = PeerRefusal(http_status, body);
  if (IsLastingRefusal(http_status)) Complain(refusal);
  FinishAll(std::move(batch), Failure(StatusCode::kUnavailable, refusal), callbacks);
}

// The same refusal once in a while.
void PeerChannel::Complain(const std::string& refusal) {
  const TimePoint now = Clock::now();
  if (refusal == peer_->complaint && now < peer_->complain_at) return;
  peer_->complaint = refusal;
  peer_->complain_at = now + kComplaintInterval;
  host_->options().logger->Warning(StrCat("the node at ", peer_->address.address, " ", refusal));
}

// The connection is no more. What was under way goes once more over a new one if the old one had
// been closed before it was used again, which is no fault of anybody.
void PeerChannel::Lost(const ConnectionPtr& connection, Status failure, PeerCallbacks* callbacks) {
  const bool repeat =
      connection->used && !connection->reply().began() && failure.code() != StatusCode::kTimeout;
  std::vector<PendingItem> failed;
  Next next;
  {
    std::lock_guard lock(mutex_);
    std::vector<PendingItem> again;
    for (PendingItem& item : connection->batch) {
      const bool last = !repeat || std::exchange(item.repeated, true);
      (last ? failed : again).push_back(std::move(item));
    }
    connection->batch.clear();
    Remove(connection.get());
    queue_.PutBack(std::move(again));
    next = PickNext(Clock::now(), callbacks);
  }
  Do(next);
  FinishAll(std::move(failed), failure, callbacks);
}

PeerChannel::TimePoint PeerChannel::Expire(TimePoint now, PeerCallbacks* callbacks) {
  std::vector<ConnectionPtr> late;
  const Status timeout = Failure(StatusCode::kTimeout, "no answer in time");
  TimePoint next;
  {
    std::lock_guard lock(mutex_);
    FinishAll(queue_.TakeExpired(now), timeout, callbacks);
    next = queue_.NextDeadline();
    for (const ConnectionPtr& connection : connections_) {
      for (PendingItem& item : connection->batch) {
        if (item.finished) continue;
        if (item.deadline <= now) {
          Finish(&item, timeout, callbacks);
        } else {
          next = std::min(next, item.deadline);
        }
      }
      if (connection->give_up <= now) {
        late.push_back(connection);
      } else {
        next = std::min(next, connection->give_up);
      }
    }
  }
  for (const ConnectionPtr& connection : late) GiveUp(connection, now, callbacks);
  return next;
}

// Its time is over, unless it was taken for something else meanwhile.
void PeerChannel::GiveUp(const ConnectionPtr& connection, TimePoint now, PeerCallbacks* callbacks) {
  State state;
  {
    std::lock_guard lock(mutex_);
    if (connection->give_up > now) return;
    state = connection->state;
    if (state == State::kIdle) Remove(connection.get());
  }
  if (state == State::kWaiting) {
    return Lost(connection, Failure(StatusCode::kTimeout, "no answer in time"), callbacks);
  }
  if (state == State::kConnecting) GiveUpAddress(connection, callbacks);
}

void PeerChannel::Close(PeerCallbacks* callbacks) {
  const Status stopping(StatusCode::kCancelled, "the node is stopping");
  std::lock_guard lock(mutex_);
  closed_ = true;
  FinishAll(queue_.TakeAll(), stopping, callbacks);
  while (!connections_.empty()) {
    // A batch that is being sent belongs to who sends it.
    for (PendingItem& item : connections_.back()->batch) Finish(&item, stopping, callbacks);
    Remove(connections_.back().get());
  }
}

// --- replies

void PeerChannel::Deliver(std::vector<PendingItem> batch, const Result<PeerAnswers>& answers,
                          PeerCallbacks* callbacks) {
  const auto answered = std::count_if(
      batch.begin(), batch.end(), [](const PendingItem& item) { return IsAnswered(item.kind); });
  if (!answers.ok() || answers->answers.size() != static_cast<size_t>(answered)) {
    const std::string text =
        answers.ok() ? "it did not answer each item" : answers.status().message();
    return FinishAll(std::move(batch), Failure(StatusCode::kUnavailable, text), callbacks);
  }
  auto answer = answers->answers.begin();
  for (PendingItem& item : batch) {
    if (!IsAnswered(item.kind)) {
      Finish(&item, std::string(), callbacks);
      continue;
    }
    Finish(&item,
           answer->refused ? Result<std::string>(Failure(StatusCode::kUnavailable, answer->bytes))
                           : Result<std::string>(std::string(answer->bytes)),
           callbacks);
    ++answer;
  }
}

void PeerChannel::Finish(PendingItem* item, Result<std::string> reply, PeerCallbacks* callbacks) {
  if (std::exchange(item->finished, true)) return;
  host_->Release(item->bytes.size());
  if (!reply.ok()) PeerCounters::Count(&peer_->counters.failures);
  if (item->done) callbacks->Add(std::move(item->done), std::move(reply));
}

void PeerChannel::FinishAll(std::vector<PendingItem> items, const Status& failure,
                            PeerCallbacks* callbacks) {
  for (PendingItem& item : items) Finish(&item, failure, callbacks);
}

Status PeerChannel::Failure(StatusCode code, std::string_view text) const {
  return {code, StrCat(peer_->address.address, ": ", text)};
}

}  // namespace trifecta::net
