// The event loop's half of a request: from received bytes to a request that a worker can answer, or
// to the refusal that it deserves. Touches no socket and never blocks.
#pragma once

#include <chrono>
#include <functional>

#include "net/http.h"
#include "net/router.h"
#include "net/server_connection.h"

namespace trifecta::net {

class RequestIntake {
 public:
  struct Options {
    std::chrono::milliseconds head_timeout;
    std::chrono::milliseconds body_timeout;
    std::chrono::milliseconds request_deadline;
  };

  // `full`: whether a streaming route could not be served now; asked before its body is read.
  RequestIntake(const Router* router, Options options, std::function<bool(const Route&)> full)
      : router_(router), options_(options), full_(std::move(full)) {}

  enum class Verdict {
    kMore,      // the request is not all there; the connection's input_deadline is set
    kContinue,  // the same, and the client waits for "100 Continue"
    kReady,     // route, head and body are there; of a streamed body, at least the beginning
    kRefused,   // `*refusal` says why; it has `close` set where the framing cannot be trusted
  };
  Verdict Take(ServerConnection* connection, Response* refusal) const;

 private:
  Verdict TakeHead(ServerConnection* connection, Response* refusal) const;
  Verdict Admit(ServerConnection* connection, Response* refusal) const;
  Verdict TakeBody(ServerConnection* connection, Response* refusal) const;

  const Router* const router_;
  const Options options_;
  const std::function<bool(const Route&)> full_;
};

// Which of the refusals of a well-formed head applies: unknown route, wrong method, foreign origin,
// no length, too large, not let in. False when none does; `*route` is set then.
bool RefuseHead(const Router& router, const HttpHead& head, const Route** route, Response* refusal);

}  // namespace trifecta::net
