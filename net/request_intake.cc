#include "net/request_intake.h"

#include <string>
#include <string_view>

#include "net/limits.h"
#include "storage/base/text.h"

namespace trifecta::net {
namespace {

using Clock = std::chrono::steady_clock;
using Verdict = RequestIntake::Verdict;

// The quotation of a path in a sentence may be this long.
constexpr size_t kQuotedBytesMax = 100;

Verdict Refuse(Response problem, bool close, Response* refusal) {
  *refusal = std::move(problem);
  refusal->close = close;
  return Verdict::kRefused;
}

Verdict Refuse(const HeadRefusal& reason, Response* refusal) {
  return Refuse(Problem(reason.status, reason.code, reason.detail), true, refusal);
}

// What a client sent, fit for a JSON string: it may be no UTF-8.
std::string Quoted(std::string_view text) {
  std::string quoted(text.substr(0, kQuotedBytesMax));
  for (char& c : quoted) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return quoted;
}

bool ChangesState(std::string_view method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

std::string_view HeaderOf(const HttpHead& head, std::string_view name) {
  for (const auto& [key, value] : head.headers) {
    if (EqualsIgnoringCase(key, name)) return value;
  }
  return {};
}

// Empty lines before a request are forgiven (RFC 9112, section 2.2).
void SkipEmptyLines(std::string* input) {
  size_t skipped = 0;
  while (input->compare(skipped, 2, "\r\n") == 0) skipped += 2;
  if (skipped > 0) input->erase(0, skipped);
}

Response TooLarge(const Route& route) {
  return Problem(413, "too_large",
                 StrCat("a body of this request may have ", route.body_bytes_max,
                        " bytes; many words go to /api/v1/bulk"));
}

}  // namespace

bool RefuseHead(const Router& router, const HttpHead& head, const Route** route,
                Response* refusal) {
  const RouteMatch match = router.Find(head.method, head.path);
  *route = match.route;
  if (head.path == "*") {
    *refusal = Problem(501, "not_implemented",
                       "the server as a whole has no OPTIONS: each path tells its methods in the "
                       "Allow header of a 405 answer");
  } else if (match.route == nullptr && match.allow.empty()) {
    *refusal = Problem(404, "not_found", StrCat("nothing is served at ", Quoted(head.path)));
  } else if (match.route == nullptr) {
    *refusal = Problem(405, "method_not_allowed",
                       StrCat(Quoted(head.path), " knows the methods ", match.allow, " only"));
    refusal->headers.emplace_back("Allow", match.allow);
  } else if (const std::string_view origin = HeaderOf(head, "origin");
             !origin.empty() && ChangesState(head.method) && !SameOrigin(origin, head.host)) {
    *refusal =
        Problem(403, "foreign_origin", "web pages of other origins may not change anything here");
  } else if (!head.chunked && !head.content_length &&
             (head.method == "POST" || match.route->streams_body)) {
    *refusal = Problem(411, "length_required",
                       "send the body with Content-Length or Transfer-Encoding: chunked");
    refusal->close = true;  // there may be a body all the same
  } else if (!match.route->streams_body &&
             head.content_length.value_or(0) > match.route->body_bytes_max) {
    *refusal = TooLarge(*match.route);
  } else if (!match.route->admit || match.route->admit(HeaderOf(head, "authorization"), *refusal)) {
    return false;
  }
  refusal->close |= head.has_body();
  return true;
}

Verdict RequestIntake::Take(ServerConnection* connection, Response* refusal) const {
  if (connection->request.head_complete()) return TakeBody(connection, refusal);
  return TakeHead(connection, refusal);
}

Verdict RequestIntake::TakeHead(ServerConnection* connection, Response* refusal) const {
  PendingRequest& request = connection->request;
  std::string& input = connection->input;
  SkipEmptyLines(&input);
  if (input.empty()) {
    request.begun = false;
    return Verdict::kMore;
  }
  if (!request.begun) {
    request.begun = true;
    request.began = Clock::now();
    connection->input_deadline = request.began + options_.head_timeout;
  }
  if (input == "\r") return Verdict::kMore;  // of another empty line, it may be
  const size_t end = FindHeadEnd(input, &request.scanned);
  if (end == 0 && input.size() <= kHeadBytesMax) return Verdict::kMore;
  if (end == 0 || end > kHeadBytesMax) return Refuse(HeadTooLarge(input), refusal);
  request.head_bytes.assign(input, 0, end);
  input.erase(0, end);
  if (const auto reason = ParseHead(request.head_bytes, &request.head)) {
    return Refuse(*reason, refusal);
  }
  return Admit(connection, refusal);
}

Verdict RequestIntake::Admit(ServerConnection* connection, Response* refusal) const {
  PendingRequest& request = connection->request;
  const HttpHead& head = request.head;
  if (RefuseHead(*router_, head, &request.route, refusal)) return Verdict::kRefused;
  if (request.route->streams_body && full_(*request.route)) {
    return Refuse(Problem(503, "unavailable", "too many uploads are under way; try again"), true,
                  refusal);
  }
  if (head.chunked) {
    request.decoder.StartChunked();
  } else {
    request.decoder.StartLength(head.content_length.value_or(0));
  }
  connection->input_deadline = Clock::now() + options_.body_timeout;
  const Verdict verdict = TakeBody(connection, refusal);
  const bool waits = verdict == Verdict::kMore && head.expect_continue && request.body.empty();
  return waits ? Verdict::kContinue : verdict;
}

Verdict RequestIntake::TakeBody(ServerConnection* connection, Response* refusal) const {
  PendingRequest& request = connection->request;
  const bool streams = request.route->streams_body;
  // An ordinary body may show that it is too large by one byte more.
  const size_t bound = request.route->body_bytes_max;
  const size_t most = bound + (streams ? 0 : 1);
  std::string_view raw = connection->input;
  std::string_view piece;
  do {
    piece = request.decoder.Next(&raw, most - request.body.size());
    request.body.append(piece);
  } while (!piece.empty());
  connection->input.erase(0, connection->input.size() - raw.size());

  if (request.decoder.state() == BodyDecoder::State::kBad) {
    return Refuse(Problem(400, "bad_request", "the body's chunks are malformed"), true, refusal);
  }
  if (request.body.size() > bound) return Refuse(TooLarge(*request.route), true, refusal);
  const bool enough = streams && request.body.size() == bound;
  if (request.decoder.state() == BodyDecoder::State::kMore && !enough) return Verdict::kMore;
  const std::chrono::milliseconds allowed =
      request.route->lane == Lane::kStream ? kStreamDeadline : options_.request_deadline;
  request.arrived = Clock::now();
  request.deadline = request.arrived + allowed;
  return Verdict::kReady;
}

}  // namespace trifecta::net
