#include "net/client.h"

#include <algorithm>
#include <charconv>

#include "net/json.h"
#include "net/url.h"
#include "storage/base/text.h"

namespace trifecta::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Rounds over the nodes for a request that every node answers with "not now".
constexpr int kRoundsMax = 4;
// Pauses between rounds double from the first to the second of these.
constexpr milliseconds kPauseFirst{100};
constexpr milliseconds kPauseMax{2000};

milliseconds PauseAfter(int round, milliseconds asked_for) {
  const milliseconds doubled = kPauseFirst * (1 << std::min(round, 5));
  return std::min(std::max(doubled, asked_for), kPauseMax);
}

milliseconds Left(steady_clock::time_point end) {
  return std::max(milliseconds(1), std::chrono::ceil<milliseconds>(end - steady_clock::now()));
}

bool MayComeRight(const Problem& problem) {
  return problem.http_status == 429 || (problem.http_status >= 500 && problem.retryable);
}

StatusCode CodeFor(int http_status) {
  switch (http_status) {
    case 404:
      return StatusCode::kNotFound;
    case 413:
      return StatusCode::kTooLarge;
    case 422:
      return StatusCode::kInvalidWord;
    case 429:
    case 503:
      return StatusCode::kUnavailable;
    case 408:
    case 504:
      return StatusCode::kTimeout;
    case 507:
      return StatusCode::kDiskFull;
    case 401:
    case 403:
      return StatusCode::kPermissionDenied;
    default:
      return http_status < 500 ? StatusCode::kInvalidArgument : StatusCode::kInternal;
  }
}

std::string WordBody(std::string_view word) {
  return JsonWriter().BeginObject().Key("word").String(word).EndObject().Take();
}

std::vector<std::string> Strings(const JsonValue& array) {
  std::vector<std::string> strings;
  for (const JsonValue& item : array.array()) strings.emplace_back(item.string());
  return strings;
}

BulkSummary ParseSummary(const JsonValue& json, BulkOp op) {
  BulkSummary summary;
  summary.lines = json["lines"].number();
  summary.changed = json[op == BulkOp::kAdd ? "added" : "deleted"].number();
  summary.unchanged = json[op == BulkOp::kAdd ? "existing" : "missing"].number();
  summary.rejected = json["rejected"].number();
  for (const JsonValue& error : json["errors"].array()) {
    summary.errors.push_back({error["line"].number(), std::string(error["code"].string()),
                              std::string(error["detail"].string())});
  }
  return summary;
}

Status NotOurs(const Status& status) {
  return {StatusCode::kInternal,
          StrCat("the node's answer is not understood (", status.message(), ")")};
}

// Cuts a stream into lines; what follows the last newline waits for more.
class LineCutter {
 public:
  explicit LineCutter(const std::function<Status(std::string_view)>& sink) : sink_(sink) {}

  Status Take(std::string_view piece) {
    for (;;) {
      const size_t newline = piece.find('\n');
      if (newline == std::string_view::npos) break;
      std::string_view line = piece.substr(0, newline);
      if (!begun_.empty()) line = begun_.append(line);
      TRIFECTA_RETURN_IF_ERROR(sink_(line));
      begun_.clear();
      piece.remove_prefix(newline + 1);
    }
    begun_.append(piece);
    return Status::Ok();
  }

  Status Finish() { return begun_.empty() ? Status::Ok() : sink_(begun_); }

 private:
  const std::function<Status(std::string_view)>& sink_;
  std::string begun_;
};

}  // namespace

Client::Client(ClientOptions options) : options_(std::move(options)) {}
Client::~Client() = default;

std::string Client::node() const { return http_ ? http_->endpoint().ToString() : ""; }

void Client::PreferNode(size_t index) {
  current_ = index % options_.nodes.size();
  http_.reset();
}

HttpCall Client::MakeCall(
    std::string_view method, std::string_view path,
    std::initializer_list<std::pair<std::string_view, std::string_view>> query) const {
  HttpCall call;
  call.method = method;
  call.target = path;
  char separator = '?';
  const auto add = [&](std::string_view name, std::string_view value) {
    call.target += StrCat(separator, name, '=', PercentEncode(value));
    separator = '&';
  };
  for (const auto& [name, value] : query) add(name, value);
  if (!options_.consistency.empty() && path.starts_with("/api/v1/") &&
      !path.starts_with("/api/v1/cluster") && path != "/api/v1/ring") {
    add("consistency", options_.consistency);
  }
  if (!options_.token.empty()) {
    call.headers.emplace_back("Authorization", StrCat("Bearer ", options_.token));
  }
  call.timeout = options_.timeout;
  return call;
}

Status Client::Fail() const {
  if (problem_.code == "interrupted") return {StatusCode::kCancelled, problem_.detail};
  if (problem_.http_status == 0) return {StatusCode::kUnavailable, problem_.detail};
  return {CodeFor(problem_.http_status), problem_.detail};
}

void Client::TraceFailure(std::string_view reason) const {
  if (!options_.trace) return;
  options_.trace(StrCat("no success at ", options_.nodes[current_].ToString(), ": ", reason));
}

void Client::RecordFailure(const Status& status) {
  const Endpoint& endpoint = options_.nodes[current_];
  if (status.code() == StatusCode::kCancelled) {
    problem_.http_status = 0;
    problem_.code = "interrupted";
    problem_.detail = status.message();
    return;
  }
  problem_.unreachable.emplace_back(endpoint, status.message());
  TraceFailure(status.message());
  if (problem_.http_status != 0) return;  // an answer of another node says more
  problem_.code = "unreachable";
  problem_.detail = options_.nodes.size() == 1
                        ? StrCat(endpoint.ToString(), ": ", status.message())
                        : StrCat("none of ", options_.nodes.size(), " nodes can be reached");
}

void Client::RecordAnswer(const HttpReply& reply) {
  problem_.http_status = reply.status;
  problem_.node = node();
  problem_.code = StrCat("http_", reply.status);
  problem_.detail = StrCat("the node answered with HTTP status ", reply.status);
  problem_.retryable = reply.status == 503;  // unless a problem document says otherwise
  const std::string_view after = reply.Header("retry-after");
  int64_t seconds = 0;
  std::from_chars(after.data(), after.data() + after.size(), seconds);
  problem_.retry_after = std::chrono::seconds(std::clamp<int64_t>(seconds, 0, 3600));
  auto json = ParseJson(reply.body);
  if (!json.ok()) return;
  problem_.body = reply.body;
  if (!(*json)["code"].string().empty()) problem_.code = (*json)["code"].string();
  if (!(*json)["detail"].string().empty()) problem_.detail = (*json)["detail"].string();
  if (const JsonValue& said = (*json)["retryable"]; !said.is_null()) {
    problem_.retryable = said.boolean();
  }
}

// With one node its connection alone decides; with several, a node that accepts connections but
// does not answer (a stopped process) must not use up the time of the request.
Status Client::Reach() {
  if (http_ != nullptr) return Status::Ok();
  const Endpoint& endpoint = options_.nodes[current_];
  if (options_.trace) options_.trace(StrCat("trying ", endpoint.ToString()));
  auto http = std::make_unique<HttpClient>(
      endpoint, HttpClientOptions{options_.connect_timeout, options_.cancel_fd});
  const auto end = steady_clock::now() + options_.connect_timeout;
  TRIFECTA_RETURN_IF_ERROR(http->Connect());
  if (options_.nodes.size() > 1) {
    HttpCall live = MakeCall("GET", "/live", {});
    live.timeout = Left(end);
    Status answered = http->Send(live).status();
    if (answered.code() == StatusCode::kTimeout) {
      return {StatusCode::kTimeout,
              StrCat("connected, but no answer within ", TimeText(options_.connect_timeout))};
    }
    if (!answered.ok()) return answered;
  }
  http_ = std::move(http);
  return Status::Ok();
}

bool Client::TryNode(HttpCall* call, const Attempts& attempts, HttpReply* reply) {
  if (Status reached = Reach(); !reached.ok()) {
    RecordFailure(reached);
    return false;
  }
  auto answer = http_->Send(*call);
  if (!answer.ok()) {
    repeated_ |= http_->may_have_arrived();
    RecordFailure(answer.status());
    http_.reset();
    return false;
  }
  *reply = std::move(*answer);
  if (reply->status < 400 || attempts.any_status) return true;
  RecordAnswer(*reply);
  if (!MayComeRight(problem_)) return true;
  TraceFailure(problem_.detail);
  repeated_ = true;
  return false;
}

bool Client::TryNodes(HttpCall* call, const Attempts& attempts, HttpReply* reply) {
  problem_ = {};
  const size_t first = current_;
  for (size_t i = 0; i < options_.nodes.size(); ++i) {
    if (i > 0) PreferNode(first + i);
    if (TryNode(call, attempts, reply)) return true;
    const bool delivered = attempts.began != nullptr && *attempts.began;
    if (delivered || problem_.code == "interrupted") return false;
  }
  if (options_.nodes.size() > 1) PreferNode(first + 1);
  return false;
}

Result<HttpReply> Client::Call(HttpCall call, const Attempts& attempts) {
  end_ = steady_clock::now() + std::max(options_.timeout, attempts.patience);
  repeated_ = false;
  for (int round = 0;; ++round) {
    HttpReply reply;
    if (TryNodes(&call, attempts, &reply)) {
      if (reply.status >= 400 && !attempts.any_status) return Fail();
      return reply;
    }
    const bool delivered = attempts.began != nullptr && *attempts.began;
    if (delivered || problem_.code == "interrupted") return Fail();
    const bool patient = attempts.patience > milliseconds(0);
    if (!patient && (problem_.http_status == 0 || round + 1 == kRoundsMax)) return Fail();
    const milliseconds pause = PauseAfter(round, problem_.retry_after);
    if (steady_clock::now() + pause >= end_) return Fail();
    auto waited = WaitFor(-1, 0, options_.cancel_fd, steady_clock::now() + pause);
    if (waited.status().code() == StatusCode::kCancelled) {
      RecordFailure(waited.status());
      return Fail();
    }
  }
}

Result<bool> Client::Add(std::string_view word) {
  HttpCall call = MakeCall("POST", "/api/v1/words", {});
  const std::string body = WordBody(word);
  call.body = body;
  call.headers.emplace_back("Content-Type", "application/json");
  auto reply = Call(std::move(call), {});
  if (!reply.ok()) return reply.status();
  auto json = ParseJson(reply->body);
  if (!json.ok()) return NotOurs(json.status());
  return (*json)["created"].boolean();
}

Result<bool> Client::Delete(std::string_view word) {
  HttpCall call = MakeCall("DELETE", "/api/v1/words", {});
  const std::string body = WordBody(word);
  call.body = body;
  call.headers.emplace_back("Content-Type", "application/json");
  auto reply = Call(std::move(call), {});
  if (reply.ok()) return true;
  if (problem_.code == "word_not_found") return repeated_;
  return reply.status();
}

Result<bool> Client::Contains(std::string_view word) {
  auto reply = Call(MakeCall("GET", StrCat("/api/v1/words/", PercentEncode(word)), {}), {});
  if (reply.ok()) return true;
  if (problem_.code == "word_not_found") return false;
  return reply.status();
}

Result<SearchPage> Client::Search(const SearchRequest& request) {
  const std::string limit = std::to_string(request.limit);
  HttpCall call = MakeCall("GET", "/api/v1/search", {{"q", request.prefix}, {"limit", limit}});
  if (!request.after.empty()) call.target += "&after=" + PercentEncode(request.after);
  if (request.descending) call.target += "&order=desc";
  auto reply = Call(std::move(call), {});
  if (!reply.ok()) return reply.status();
  auto json = ParseJson(reply->body);
  if (!json.ok()) return NotOurs(json.status());
  SearchPage page;
  page.words = Strings((*json)["results"]);
  page.more = !(*json)["next"].is_null();
  page.complete = (*json)["complete"].is_null() || (*json)["complete"].boolean();
  return page;
}

Result<uint64_t> Client::Count(std::string_view prefix) {
  auto reply = Call(MakeCall("GET", "/api/v1/count", {{"q", prefix}}), {});
  if (!reply.ok()) return reply.status();
  auto json = ParseJson(reply->body);
  if (!json.ok()) return NotOurs(json.status());
  return (*json)["count"].number();
}

Result<BulkSummary> Client::Bulk(BulkOp op, std::string_view body, bool ndjson, bool stop,
                                 milliseconds patience) {
  HttpCall call = MakeCall(
      "POST", "/api/v1/bulk",
      {{"op", op == BulkOp::kAdd ? "add" : "delete"}, {"on_error", stop ? "stop" : "skip"}});
  call.body = body;
  call.headers.emplace_back("Content-Type",
                            ndjson ? "application/x-ndjson" : "text/plain; charset=utf-8");
  auto reply = Call(std::move(call), {.patience = patience});
  const bool stopped = !reply.ok() && stop && problem_.http_status == 422;
  if (!reply.ok() && !stopped) return reply.status();
  auto json = ParseJson(stopped ? problem_.body : reply->body);
  if (!json.ok()) return NotOurs(json.status());
  BulkSummary summary = ParseSummary(*json, op);
  summary.stopped = stopped;
  return summary;
}

Status Client::Export(std::string_view prefix,
                      const std::function<Status(std::string_view word)>& sink) {
  LineCutter lines(sink);
  bool began = false;
  Status taken;
  HttpCall call = MakeCall("GET", "/api/v1/export", {{"q", prefix}});
  call.headers.emplace_back("Accept", "text/plain");
  call.download = [&](std::string_view piece) {
    began = true;
    taken = lines.Take(piece);
    return taken;
  };
  auto reply = Call(std::move(call), {.began = &began});
  if (!taken.ok()) return taken;
  if (reply.ok()) return lines.Finish();
  if (began && problem_.code != "interrupted") problem_.code = "cut";
  return reply.status();
}

Result<std::string> Client::Document(std::string_view path) {
  auto reply = Call(MakeCall("GET", path, {}), {});
  if (!reply.ok()) return reply.status();
  return std::move(reply->body);
}

Result<std::string> Client::Cluster() { return Document("/api/v1/cluster"); }
Result<std::string> Client::Nodes() { return Document("/nodes"); }
Result<std::string> Client::Ring() { return Document("/api/v1/ring"); }
Result<std::string> Client::LastRepair() { return Document("/api/v1/cluster/repair"); }
Result<std::string> Client::Version() { return Document("/version"); }

Result<std::string> Client::Ready(bool* ready) {
  auto reply = Call(MakeCall("GET", "/ready", {}), {.any_status = true});
  if (!reply.ok()) return reply.status();
  *ready = reply->status == 200;
  return std::move(reply->body);
}

Result<std::vector<std::string>> Client::Owners(std::string_view word) {
  auto reply = Call(MakeCall("GET", "/search/nodes", {{"q", word}}), {});
  if (!reply.ok()) return reply.status();
  auto json = ParseJson(reply->body);
  if (!json.ok()) return NotOurs(json.status());
  return Strings((*json)["node"]);
}

Result<std::string> Client::ChangeCluster(std::string_view what, std::string_view body) {
  HttpCall call = MakeCall("POST", StrCat("/api/v1/cluster/", what), {});
  call.body = body;
  call.headers.emplace_back("Content-Type", "application/json");
  auto reply = Call(std::move(call), {});
  if (!reply.ok()) return reply.status();
  return std::move(reply->body);
}

Result<std::chrono::nanoseconds> Client::Ping() {
  const HttpCall call = MakeCall("GET", "/live", {});
  // The first answer may come over a connection that had to be made first.
  if (http_ == nullptr) {
    if (auto warm = Call(call, {}); !warm.ok()) return warm.status();
  }
  const auto begin = steady_clock::now();
  auto reply = Call(call, {});
  if (!reply.ok()) return reply.status();
  return steady_clock::now() - begin;
}

void Client::LearnNodes() {
  auto cluster = Cluster();
  if (!cluster.ok()) return;
  auto json = ParseJson(*cluster);
  if (!json.ok()) return;
  const bool at_loopback = options_.nodes[current_].IsLoopback();
  for (const JsonValue& node : (*json)["nodes"].array()) {
    auto endpoint = ParseEndpoint(node["address"].string());
    if (!endpoint.ok() || (endpoint->IsLoopback() && !at_loopback)) continue;
    auto& nodes = options_.nodes;
    if (std::find(nodes.begin(), nodes.end(), *endpoint) == nodes.end()) nodes.push_back(*endpoint);
  }
}

}  // namespace trifecta::net
