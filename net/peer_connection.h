// One connection to a peer: a request at a time, without ever blocking. Who may touch what when is
// the channel's business (net/peer_channel.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_reply_parser.h"
#include "net/name_lookup.h"
#include "net/peer_queue.h"
#include "net/socket.h"
#include "storage/base/status.h"

namespace trifecta::net {

class PeerChannel;

class PeerConnection {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  enum class State {
    kConnecting,  // the loop's
    kIdle,        // anybody's who takes it, under the channel's mutex
    kSending,     // of the thread that made it so
    kWaiting,     // for the answer, or for room to send the rest; the loop's
    kClosed,      // nobody's; lives until the loop's turn ends
  };

  explicit PeerConnection(PeerChannel* owner) : channel(owner) {}
  PeerConnection(const PeerConnection&) = delete;
  PeerConnection& operator=(const PeerConnection&) = delete;

  // Begins to connect to the address, in place of what was there. Non-blocking, without Nagle's
  // delay. kUnavailable with the reason.
  Status StartConnect(const SocketAddress& address);
  // Once the socket is writable: whether it is connected. True, false (not yet), or kUnavailable.
  Result<bool> FinishConnect();

  // Begins a request.
  void Begin(std::string head, std::string body);
  // Sends what the socket takes. A connection that broke shows when its answer is received.
  void Send();
  bool sent() const { return sent_ == head_.size() + body_.size(); }

  // Receives what is there, and at most one answer. kMore: nothing else is there yet; kBad: the
  // connection is lost, problem() says how.
  HttpReplyParser::State Receive(std::span<char> scratch);
  // Of an idle connection: whether it is still open and silent, as it has to be.
  bool StillIdle();

  HttpReplyParser& reply() { return reply_; }
  const std::string& problem() const { return problem_; }
  int fd() const { return socket_.fd(); }

  PeerChannel* const channel;

  // Under the channel's mutex, all of them; `batch` also as PendingItem's comment says.
  State state = State::kConnecting;
  bool event_missed = false;       // the loop had an event for it while it was kSending
  std::vector<PendingItem> batch;  // what is under way
  bool large = false;              // the batch is one of large items
  bool used = false;               // an answer came on it before
  TimePoint give_up{};             // kConnecting, kWaiting: it is given up; kIdle: it is closed

  // The loop's, while it connects.
  std::vector<SocketAddress> addresses;          // not tried yet, the next at the back
  std::chrono::milliseconds address_timeout{0};  // each has its share of the time
  bool resolved = false;

 private:
  Socket socket_;
  HttpReplyParser reply_{kPeerAnswerBytesMax};
  std::string head_, body_;
  size_t sent_ = 0;  // of both
  std::string problem_;
};

}  // namespace trifecta::net
