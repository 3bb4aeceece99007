#include "daemon/api_peer.h"

#include <charconv>
#include <utility>

#include "daemon/api_routes.h"
#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

using net::Request;
using net::Response;
using Clock = std::chrono::steady_clock;

// What the length says, so that the body is read in one piece.
size_t AnnouncedBytes(const Request& request) {
  const std::string_view text = request.Header("content-length");
  size_t length = 0;
  std::from_chars(text.data(), text.data() + text.size(), length);
  return std::min(length, net::kPeerBytesMax);
}

// The server has all of it already, and has bounded it.
Result<std::string> ReadBody(const Request& request) {
  std::string body(AnnouncedBytes(request) + 1, '\0');
  size_t size = 0;
  while (true) {
    const Result<size_t> read = request.body->Read(std::span(body).subspan(size));
    if (!read.ok()) return read.status();
    size += *read;
    if (*read == 0) break;
    if (size == body.size()) body.resize(2 * size);
  }
  body.resize(size);
  return body;
}

// The answered items whose time is not over yet, and where their answers belong.
struct LiveCalls {
  std::vector<PeerCall> calls;
  std::vector<size_t> places;
};

void Serve(PeerHandler* handler, const Request& request, const net::PeerRequest& message,
           std::vector<net::PeerAnswer>* answers) {
  const Clock::time_point now = Clock::now();
  LiveCalls live;
  for (const net::PeerItem& item : message.items) {
    if (!net::IsAnswered(item.kind)) {
      handler->Deliver(item.kind, message.from, item.bytes);
      continue;
    }
    const Clock::time_point deadline = request.arrived + item.patience;
    if (deadline > now) {
      live.calls.push_back({item.kind, item.bytes, deadline});
      live.places.push_back(answers->size());
    }
    answers->push_back({true, "its time was over before it was looked at"});
  }
  if (live.calls.empty()) return;
  std::vector<net::PeerAnswer> given(live.calls.size());
  handler->Answer(message.from, live.calls, &given);
  for (size_t i = 0; i < live.places.size(); ++i) {
    (*answers)[live.places[i]] = std::move(given[i]);
  }
}

void Messages(const ApiContext& context, const Request& request, Response& response) {
  PeerHandler* const handler = context.peers.load(std::memory_order_acquire);
  if (handler == nullptr) {
    response = net::Problem(503, "unavailable", "the node is starting");
    return;
  }
  const Result<std::string> body = ReadBody(request);
  if (!body.ok()) {
    response = BodyProblem(body.status());
    return;
  }
  const Result<net::PeerRequest> message = net::DecodePeerRequest(*body);
  if (!message.ok()) {
    response = net::ProblemFor(message.status());
    return;
  }
  if (const auto reason = net::Misdirected(*message, handler->self(), handler->cluster())) {
    response = net::Problem(421, "misdirected", *reason);
    return;
  }
  std::vector<net::PeerAnswer> answers;
  Serve(handler, request, *message, &answers);
  response.content_type = "application/octet-stream";
  net::EncodePeerAnswers(handler->self(), answers, &response.body);
}

}  // namespace

std::vector<ApiRoute> PeerRoutes() {
  ApiRoute messages{"POST", net::kPeerPath, Messages, {}, net::Lane::kPeer};
  messages.needs_ready = false;
  messages.body_bytes_max = net::kPeerBytesMax;
  ApiRoute protocol = messages;
  protocol.pattern = net::kPeerProtocolPath;
  protocol.lane = net::Lane::kProtocol;
  return {messages, protocol};
}

}  // namespace trifecta::daemon
