// The public API (trifecta-api(7)) as C++ calls: for the command line tool and for tests.
//
// Knows several nodes. The nodes named are tried in order, each for a second at most; a request
// goes on to the next one when a node cannot be reached, or answers that it cannot now (503), and
// starts over after a pause until its time is up. Every request of the API may be repeated, so this
// is safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/endpoint.h"
#include "net/http_client.h"
#include "storage/base/status.h"

namespace trifecta::net {

struct ClientOptions {
  std::vector<Endpoint> nodes;              // at least one
  std::chrono::milliseconds timeout{5000};  // for a request to a node; none is repeated after it
  std::chrono::milliseconds connect_timeout{1000};
  std::string consistency;  // "one", "quorum", "all"; empty: what the node defaults to
  std::string token;        // sent as a bearer token; empty: none
  int cancel_fd = -1;       // see HttpClientOptions
  std::function<void(std::string_view)> trace;  // told what is tried, a line each; may be empty
};

// Why a call failed, beyond its Status.
struct Problem {
  int http_status = 0;  // 0: no node gave an answer
  std::string code;     // of the API ("invalid_word"); "unreachable", "interrupted" or "cut"
  std::string detail;   // a sentence
  std::string node;     // that answered
  bool retryable = false;
  std::chrono::milliseconds retry_after{0};
  std::string body;  // the answer, when it was JSON: its further members
  // The nodes that were tried last and gave no answer, with the reason.
  std::vector<std::pair<Endpoint, std::string>> unreachable;
};

struct SearchRequest {
  std::string prefix;
  std::string after;    // the last word of the page before; empty: from the start
  uint64_t limit = 10;  // 1 to kSearchLimitMax
  bool descending = false;
};
inline constexpr uint64_t kSearchLimitMax = 1000;

struct SearchPage {
  std::vector<std::string> words;
  bool more = false;     // there are words after the last one
  bool complete = true;  // false: parts of the cluster did not answer
};

enum class BulkOp { kAdd, kDelete };

struct BulkError {
  uint64_t line = 0;  // from 1, of this request
  std::string code, detail;
};

// What became of a bulk request.
struct BulkSummary {
  uint64_t lines = 0;
  uint64_t changed = 0;    // added, or deleted
  uint64_t unchanged = 0;  // there already, or not there
  uint64_t rejected = 0;
  std::vector<BulkError> errors;  // the first of them, at most 100
  bool stopped = false;           // nothing after the line rejected was stored
};

// One thread at a time.
class Client {
 public:
  explicit Client(ClientOptions options);
  ~Client();

  // True: it was not there before (Add), it was there before (Delete). A Delete that was repeated
  // after a lost answer counts as done when the word is gone.
  Result<bool> Add(std::string_view word);
  Result<bool> Delete(std::string_view word);
  Result<bool> Contains(std::string_view word);

  Result<SearchPage> Search(const SearchRequest& request);
  Result<uint64_t> Count(std::string_view prefix);

  // One bulk request of a word a line, or of NDJSON. `stop`: nothing after the first bad line is
  // stored, and the call fails (422) with the counters in problem().body. When no node can store
  // it, the whole request is repeated for `patience`, unreachable nodes waited for.
  Result<BulkSummary> Bulk(BulkOp op, std::string_view body, bool ndjson, bool stop,
                           std::chrono::milliseconds patience);

  // Every word that begins with `prefix`, in order, to `sink`; a failure of it ends the call. An
  // answer that was cut fails with code "cut": what came until then is right.
  Status Export(std::string_view prefix, const std::function<Status(std::string_view word)>& sink);

  // The documents as the node sent them, JSON of one line.
  Result<std::string> Cluster();
  Result<std::string> Nodes();
  Result<std::string> Ring();
  Result<std::string> Version();
  // The body of /ready whatever its status; `ready` says which it was.
  Result<std::string> Ready(bool* ready);
  // The addresses of the nodes that own a word or prefix.
  Result<std::vector<std::string>> Owners(std::string_view word);

  // POST /api/v1/cluster/`what` with a JSON body: the answer, JSON of one line. What is under way
  // already may be asked for again.
  Result<std::string> ChangeCluster(std::string_view what, std::string_view body);
  // GET /api/v1/cluster/repair: how far the node's repair is, or what the last one did.
  Result<std::string> LastRepair();

  // One GET /live: the time from sending to the answer, on an open connection.
  Result<std::chrono::nanoseconds> Ping();

  // Asks the cluster for its other nodes, so that calls can go on when this one fails. Loopback
  // addresses are not taken over from a node that was reached at another one: they would be
  // something else here. A failure changes nothing.
  void LearnNodes();
  const std::vector<Endpoint>& nodes() const { return options_.nodes; }
  // Starts with another node than the first: spreads several clients over the nodes.
  void PreferNode(size_t index);

  // Why the last call failed.
  const Problem& problem() const { return problem_; }
  // The node that answered last, "" before.
  std::string node() const;

 private:
  // How a call goes on after an attempt that failed.
  struct Attempts {
    std::chrono::milliseconds patience{0};  // goes on for so long, unreachable nodes waited for
    bool any_status = false;                // every answer is one, 503 included
    const bool* began = nullptr;            // set: a part was delivered, so it cannot be repeated
  };

  Result<HttpReply> Call(HttpCall call, const Attempts& attempts);
  bool TryNodes(HttpCall* call, const Attempts& attempts, HttpReply* reply);
  bool TryNode(HttpCall* call, const Attempts& attempts, HttpReply* reply);
  Status Reach();
  Result<std::string> Document(std::string_view path);
  Status Fail() const;
  void TraceFailure(std::string_view reason) const;  // of the current node
  void RecordFailure(const Status& status);
  void RecordAnswer(const HttpReply& reply);
  HttpCall MakeCall(
      std::string_view method, std::string_view path,
      std::initializer_list<std::pair<std::string_view, std::string_view>> query) const;

  ClientOptions options_;
  size_t current_ = 0;                         // index into options_.nodes
  std::unique_ptr<HttpClient> http_;           // to the current node; null: not chosen yet
  std::chrono::steady_clock::time_point end_;  // of the call under way
  bool repeated_ = false;  // an earlier attempt of this call may have taken effect
  Problem problem_;
};

}  // namespace trifecta::net
