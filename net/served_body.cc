#include "net/served_body.h"

#include <algorithm>

#include "net/limits.h"

namespace trifecta::net {
namespace {

using Clock = std::chrono::steady_clock;

// Waits for the client; false when it is too slow.
bool WaitFor(Socket* socket, Socket::Direction direction, RateGuard* guard) {
  const auto begin = Clock::now();
  socket->Wait(direction, guard->Patience());
  return !guard->Waited(Clock::now() - begin);
}

}  // namespace

Result<size_t> ServedBody::Read(std::span<char> buffer) {
  const std::string& buffered = connection_->request.body;
  if (given_ < buffered.size()) {
    const size_t count = buffered.copy(buffer.data(), buffer.size(), given_);
    given_ += count;
    return count;
  }
  if (!failure_.ok()) return failure_;
  Result<size_t> count = ReadOn(buffer);
  if (!count.ok()) failure_ = count.status();
  return count;
}

bool ServedBody::complete() const {
  return connection_->request.decoder.state() == BodyDecoder::State::kDone;
}

Result<size_t> ServedBody::ReadOn(std::span<char> buffer) {
  BodyDecoder& decoder = connection_->request.decoder;
  while (true) {
    if (const size_t count = Decode(buffer); count > 0) return count;
    if (decoder.state() == BodyDecoder::State::kDone || buffer.empty()) return size_t{0};
    if (decoder.state() == BodyDecoder::State::kBad) {
      return Status(StatusCode::kInvalidArgument, "the body's chunks are malformed");
    }
    if (decoder.announced() >= buffer.size()) {  // straight to the reader
      Result<size_t> received = Receive(buffer);
      if (received.ok()) decoder.Received(*received);
      return received;
    }
    raw_.resize(kReadBytes);
    Result<size_t> received = Receive(raw_);
    if (!received.ok()) return received;
    connection_->input.append(raw_.data(), *received);
  }
}

// Out of what was received and not yet given to anybody.
size_t ServedBody::Decode(std::span<char> buffer) {
  std::string& input = connection_->input;
  std::string_view raw = input;
  size_t count = 0;
  std::string_view piece;
  do {
    piece = connection_->request.decoder.Next(&raw, buffer.size() - count);
    count += piece.copy(buffer.data() + count, piece.size());
  } while (!piece.empty());
  input.erase(0, input.size() - raw.size());
  return count;
}

Result<size_t> ServedBody::Receive(std::span<char> buffer) {
  while (true) {
    const Socket::Transfer transfer = connection_->socket.Receive(buffer);
    if (transfer.outcome == Socket::Outcome::kMoved) {
      guard_.Moved(transfer.count);
      return transfer.count;
    }
    if (transfer.outcome == Socket::Outcome::kEnd) {
      return Status(StatusCode::kCancelled, "the client closed the connection within the body");
    }
    if (!WaitFor(&connection_->socket, Socket::Direction::kIn, &guard_)) {
      return Status(StatusCode::kTimeout, "the body came too slowly");
    }
  }
}

bool SocketWriter::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const Socket::Transfer transfer = socket_->Send(bytes);
    if (transfer.outcome == Socket::Outcome::kEnd) return false;
    bytes.remove_prefix(transfer.count);
    guard_.Moved(transfer.count);
    if (transfer.outcome == Socket::Outcome::kWouldBlock &&
        !WaitFor(socket_, Socket::Direction::kOut, &guard_)) {
      return false;
    }
  }
  return true;
}

}  // namespace trifecta::net
