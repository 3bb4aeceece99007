#include "net/http_acceptor.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "net/limits.h"
#include "storage/base/text.h"

namespace trifecta::net {
namespace {

using std::chrono::milliseconds;

// How exactly timeouts are kept. A sweep over 10,000 connections takes about a millisecond.
constexpr milliseconds kSweepInterval{250};
// While stopping, the loop looks this often for connections that have become idle.
constexpr milliseconds kStopInterval{20};
// After this long without a request a connection gives its buffers back.
constexpr milliseconds kKeepBuffers{1'000};
// Connections looked at for an idle one to close: bounds the cost of an accept at the limit.
constexpr size_t kEvictionTries = 1'000;
constexpr std::chrono::seconds kComplaintInterval{10};

Socket OpenReserve() { return Socket(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

bool Parked(ServerConnection::State state) {
  return state != ServerConnection::State::kOwned && state != ServerConnection::State::kClosed;
}

uint32_t EventsFor(const ServerConnection& connection, ServerConnection::State state) {
  if (state == ServerConnection::State::kWriting) return EPOLLOUT | EPOLLONESHOT;
  // Input that we hold already makes no event of its own: being writable makes one at once.
  return EPOLLIN | EPOLLONESHOT | (connection.input_pending ? uint32_t{EPOLLOUT} : 0);
}

}  // namespace

HttpAcceptor::HttpAcceptor(Socket listener, Options options, Delegate* delegate)
    : options_(options),
      delegate_(delegate),
      listener_(std::move(listener)),
      reserve_(OpenReserve()),
      scratch_(kReadBytes) {}

HttpAcceptor::~HttpAcceptor() {
  if (epoll_ >= 0) close(epoll_);
  if (wake_ >= 0) close(wake_);
}

Result<std::unique_ptr<HttpAcceptor>> HttpAcceptor::Create(Socket listener, Options options,
                                                           Delegate* delegate) {
  std::unique_ptr<HttpAcceptor> acceptor(new HttpAcceptor(std::move(listener), options, delegate));
  if (Status status = acceptor->Open(); !status.ok()) return status;
  return acceptor;
}

Status HttpAcceptor::Open() {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) return ErrnoStatus(errno, "cannot create the event loop");
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_ < 0) return ErrnoStatus(errno, "cannot create the event loop");
  epoll_event event{.events = EPOLLIN, .data = {.ptr = &wake_}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0) {
    return ErrnoStatus(errno, "cannot watch the event descriptor");
  }
  event.data.ptr = &listener_;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_.fd(), &event) != 0) {
    return ErrnoStatus(errno, "cannot watch the listening socket");
  }
  return Status::Ok();
}

// --- the loop

void HttpAcceptor::Run() {
  epoll_event events[kEventsPerTurn];
  while (true) {
    const auto patience = stopping() ? kStopInterval : kSweepInterval;
    const int count =
        epoll_wait(epoll_, events, kEventsPerTurn, static_cast<int>(patience.count()));
    for (int i = 0; i < count; ++i) Handle(events[i].data.ptr);
    const auto now = Clock::now();
    if (stopping()) StopStep(now);
    if (stopping() || now >= sweep_at_) Sweep(now);
    FreeClosed();
    if (stopping() && !listener_.open() && connections_.empty()) return;
  }
}

void HttpAcceptor::Handle(void* tag) {
  if (tag == &wake_) {
    uint64_t count;
    while (read(wake_, &count, sizeof count) > 0) {
    }
  } else if (tag == &listener_) {
    Accept();
  } else {
    HandleEvent(static_cast<ServerConnection*>(tag));
  }
}

void HttpAcceptor::HandleEvent(ServerConnection* connection) {
  State state;
  {
    std::lock_guard lock(connection->mutex);
    state = connection->state;
    if (!Parked(state)) return;  // it was closed earlier in this turn
    connection->state = State::kOwned;
  }
  if (state == State::kWriting) {
    Write(connection);
  } else if (state == State::kLingering) {
    Drop(connection);
  } else if (std::exchange(connection->input_pending, false)) {
    Consider(connection);
  } else {
    Read(connection);
  }
}

void HttpAcceptor::Read(ServerConnection* connection) {
  const Socket::Transfer transfer = connection->socket.Receive(scratch_);
  switch (transfer.outcome) {
    case Socket::Outcome::kMoved:
      connection->input.append(scratch_.data(), transfer.count);
      return Consider(connection);
    case Socket::Outcome::kWouldBlock:
      return ParkForInput(connection);
    case Socket::Outcome::kEnd:
      return Close(connection);
  }
}

void HttpAcceptor::Consider(ServerConnection* connection) {
  if (delegate_->OnInput(connection) == Delegate::Next::kTaken) return;
  const PendingRequest& request = connection->request;
  const size_t held = connection->input.size() + request.head_bytes.size() + request.body.size();
  if (!Account(connection, held)) return delegate_->OnOverload(connection);
  ParkForInput(connection);
}

void HttpAcceptor::Write(ServerConnection* connection) {
  const std::string_view rest = std::string_view(connection->output).substr(connection->sent);
  const Socket::Transfer transfer = connection->socket.Send(rest);
  if (transfer.outcome == Socket::Outcome::kEnd) return Close(connection);
  connection->sent += transfer.count;
  if (transfer.count < rest.size()) return Park(connection, State::kWriting, connection->wake_at);
  connection->output = {};
  FinishAnswer(connection);
}

void HttpAcceptor::Drop(ServerConnection* connection) {
  const Socket::Transfer transfer = connection->socket.Receive(scratch_);
  connection->lingered += transfer.count;
  if (transfer.outcome == Socket::Outcome::kEnd || connection->lingered > kLingerBytesMax) {
    return Close(connection);
  }
  Park(connection, State::kLingering, connection->wake_at);
}

// --- accepting

void HttpAcceptor::Accept() {
  for (int i = 0; i < kAcceptsPerTurn && listener_.open(); ++i) {
    std::string remote;
    Socket socket = AcceptFrom(listener_, &remote);
    if (socket.open()) {
      Admit(std::move(socket), std::move(remote));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else if (errno != ECONNABORTED) {
      return AcceptFailed(errno);
    }
  }
}

// Whatever the reason, the listener lives on.
void HttpAcceptor::AcceptFailed(int error) {
  Complain(ErrnoStatus(error, "cannot accept a connection").message());
  if (error != EMFILE && error != ENFILE) return WatchListener(false);  // until the next sweep
  if (EvictIdle()) return;
  // The client would wait in the backlog for ever, and the listener would wake us without end.
  reserve_.Close();
  std::string remote;
  AcceptFrom(listener_, &remote).Close();
  reserve_ = OpenReserve();
}

void HttpAcceptor::Admit(Socket socket, std::string remote) {
  if (connections_.size() >= options_.connections_max && !EvictIdle()) {
    return Complain(StrCat("refused a connection from ", remote, ": ", connections_.size(),
                           " are open, none of them idle"));
  }
  auto owner = std::make_unique<ServerConnection>();
  ServerConnection* connection = owner.get();
  connection->socket = std::move(socket);
  connection->remote = std::move(remote);
  connection->index = connections_.size();
  connections_.push_back(std::move(owner));
  ParkForInput(connection);
}

// Closes an idle connection, one of the oldest since the last round; false when none was found.
bool HttpAcceptor::EvictIdle() {
  const size_t tries = std::min(connections_.size(), kEvictionTries);
  for (size_t i = 0; i < tries; ++i) {
    hand_ = (hand_ + 1) % connections_.size();
    ServerConnection* connection = connections_[hand_].get();
    {
      std::lock_guard lock(connection->mutex);
      if (connection->state != State::kReading || !connection->idle()) continue;
      connection->state = State::kOwned;
    }
    Close(connection);
    return true;
  }
  return false;
}

void HttpAcceptor::WatchListener(bool on) {
  if (listening_ == on || !listener_.open()) return;
  epoll_event event{.events = on ? uint32_t{EPOLLIN} : 0, .data = {.ptr = &listener_}};
  if (epoll_ctl(epoll_, EPOLL_CTL_MOD, listener_.fd(), &event) == 0) listening_ = on;
}

void HttpAcceptor::Complain(std::string_view text) {
  const auto now = Clock::now();
  if (now < complain_at_) return;
  complain_at_ = now + kComplaintInterval;
  options_.logger->Warning(text);
}

// --- handing over

void HttpAcceptor::Answer(ServerConnection* connection, std::string bytes, After after) {
  connection->after = after;
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const Socket::Transfer transfer = connection->socket.Send(rest);
    if (transfer.outcome == Socket::Outcome::kEnd) return Close(connection);
    if (transfer.outcome == Socket::Outcome::kWouldBlock) break;
    rest.remove_prefix(transfer.count);
  }
  if (rest.empty()) return FinishAnswer(connection);
  // A slow reader: the loop waits for it, not a worker.
  const auto needed = milliseconds(rest.size() * 1'000 / std::max<size_t>(options_.least_rate, 1));
  const auto give_up = Clock::now() + options_.rate_window + needed;
  connection->sent = bytes.size() - rest.size();
  connection->output = std::move(bytes);
  if (!Account(connection, connection->output.size())) return Close(connection, true);
  Park(connection, State::kWriting, give_up);
}

void HttpAcceptor::FinishAnswer(ServerConnection* connection) {
  switch (connection->after) {
    case After::kClose:
      return Close(connection);
    case After::kLinger:
      return Linger(connection);
    case After::kKeep:
      connection->input_pending = !connection->input.empty();
      Account(connection, connection->input.size());
      return ParkForInput(connection);
  }
}

void HttpAcceptor::Linger(ServerConnection* connection) {
  connection->socket.ShutdownOutput();
  connection->input = {};
  connection->lingered = 0;
  Account(connection, 0);
  Park(connection, State::kLingering, Clock::now() + kLingerTime);
}

void HttpAcceptor::ParkForInput(ServerConnection* connection) {
  const bool waits_for_request = connection->idle() || connection->input_pending;
  Park(connection, State::kReading,
       waits_for_request ? Clock::now() + options_.idle_timeout : connection->input_deadline);
}

// The connection may belong to another thread before this returns.
void HttpAcceptor::Park(ServerConnection* connection, State state, Clock::time_point wake_at) {
  std::lock_guard lock(connection->mutex);
  connection->state = state;
  connection->wake_at = wake_at;
  epoll_event event{.events = EventsFor(*connection, state), .data = {.ptr = connection}};
  const int operation = connection->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  connection->watched = true;
  // Fails only for want of kernel memory, for a new connection: its timeout will then close it.
  epoll_ctl(epoll_, operation, connection->socket.fd(), &event);
}

// False when all connections together hold too much.
bool HttpAcceptor::Account(ServerConnection* connection, size_t bytes) {
  const auto change = static_cast<int64_t>(bytes) - static_cast<int64_t>(connection->accounted);
  if (change == 0) return true;
  connection->accounted = bytes;
  return loop_bytes_.fetch_add(change) + change <= kLoopBytesMax || change < 0;
}

void HttpAcceptor::Close(ServerConnection* connection, bool reset) {
  Account(connection, 0);
  {
    std::lock_guard lock(connection->mutex);
    connection->state = State::kClosed;
    // Closing would do, but for a child between fork and exec that holds a copy.
    epoll_ctl(epoll_, EPOLL_CTL_DEL, connection->socket.fd(), nullptr);
    if (reset) {
      connection->socket.Reset();
    } else {
      connection->socket.Close();
    }
  }
  {
    std::lock_guard lock(closed_mutex_);
    closed_.push_back(connection);
  }
  if (stopping()) Wake();
}

void HttpAcceptor::FreeClosed() {
  std::vector<ServerConnection*> closed;
  {
    std::lock_guard lock(closed_mutex_);
    closed.swap(closed_);
  }
  for (const ServerConnection* connection : closed) {
    const size_t index = connection->index;
    std::swap(connections_[index], connections_.back());
    connections_[index]->index = index;
    connections_.pop_back();
  }
}

// --- timeouts and the end

void HttpAcceptor::Sweep(Clock::time_point now) {
  sweep_at_ = now + kSweepInterval;
  WatchListener(true);
  for (size_t i = 0; i < connections_.size(); ++i) SweepOne(connections_[i].get(), now);
}

void HttpAcceptor::SweepOne(ServerConnection* connection, Clock::time_point now) {
  State state;
  {
    std::lock_guard lock(connection->mutex);
    state = connection->state;
    if (!Parked(state)) return;
    const bool idle = state == State::kReading && connection->idle();
    if (idle && now + options_.idle_timeout - connection->wake_at > kKeepBuffers) {
      connection->ReleaseBuffers();
    }
    if (now < connection->wake_at && !(stopping() && idle) && !cut()) return;
    connection->state = State::kOwned;
  }
  Expire(connection, state);
}

void HttpAcceptor::Expire(ServerConnection* connection, State state) {
  if (cut() || (state == State::kReading && connection->idle())) return Close(connection);
  if (state == State::kReading) {
    connection->input_pending = false;
    return delegate_->OnInputTimeout(connection);
  }
  Close(connection, state == State::kWriting);
}

void HttpAcceptor::Stop(Clock::time_point cut_at) {
  cut_at_.store(cut_at.time_since_epoch().count());
  stopping_.store(true);
  Wake();
}

void HttpAcceptor::StopStep(Clock::time_point now) {
  if (listener_.open()) {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, listener_.fd(), nullptr);
    listener_.Close();
  }
  if (!cut() && now.time_since_epoch().count() >= cut_at_.load()) CutAll();
}

// Parked connections are closed by the sweep that follows; workers notice that theirs are dead.
void HttpAcceptor::CutAll() {
  cut_.store(true);
  for (const auto& connection : connections_) {
    std::lock_guard lock(connection->mutex);
    if (connection->state == State::kOwned) connection->socket.ShutdownBoth();
  }
}

void HttpAcceptor::Wake() {
  const uint64_t one = 1;
  // A full counter means that the loop is awake anyway.
  [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof one);
}

}  // namespace trifecta::net
