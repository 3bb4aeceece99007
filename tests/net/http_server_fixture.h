// A server on a free port with routes that tests of it have in common, and a gate that handlers
// wait at until the test lets them go.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "net/http_server.h"
#include "net/json.h"
#include "tests/support/catch.h"
#include "tests/support/raw_client.h"

namespace trifecta::net {

inline constexpr std::chrono::seconds kPatience{30};

// Handlers stop in Pass; the test waits for them to arrive, and opens.
class Gate {
 public:
  ~Gate() { Open(); }
  void Pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
  }
  // True once `count` handlers have arrived, at once or later.
  bool Arrived(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return arrived_ >= count; });
  }
  void Open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
  bool open_ = false;
};

inline Route NewRoute(std::string method, std::string pattern, Lane lane, Handler handler,
                      bool streams_body = false) {
  Route route;
  route.method = std::move(method);
  route.pattern = std::move(pattern);
  route.lane = lane;
  route.streams_body = streams_body;
  route.handler = std::move(handler);
  return route;
}

// The whole body, or the status that ended it.
inline Result<std::string> ReadAll(BodyReader* body, size_t piece = 64 * 1024) {
  std::string all;
  std::vector<char> buffer(piece);
  while (true) {
    Result<size_t> count = body->Read(buffer);
    if (!count.ok()) return count.status();
    if (*count == 0) return all;
    all.append(buffer.data(), *count);
  }
}

// Answers with the body that came.
inline void Echo(const Request& request, Response& response) {
  Result<std::string> body = ReadAll(request.body);
  if (!body.ok()) {
    response = ProblemFor(body.status());
    return;
  }
  response.content_type = "text/plain";
  response.body = std::move(*body);
}

inline std::vector<Route> CommonRoutes(Gate* gate) {
  const auto fixed = [](const char* body) {
    return [body](const Request&, Response& response) { response.body = body; };
  };
  std::vector<Route> routes;
  routes.push_back(NewRoute("GET", "/live", Lane::kHealth, fixed("\"OK\"")));
  routes.push_back(NewRoute("GET", "/search", Lane::kClient, [](const Request& r, Response& out) {
    out.body = std::string(r.Query("q").value_or("none"));
  }));
  routes.push_back(NewRoute("GET", "/words/*", Lane::kClient,
                            [](const Request& r, Response& out) { out.body = r.segments.at(0); }));
  routes.push_back(NewRoute("POST", "/words", Lane::kClient, Echo));
  routes.push_back(NewRoute("PUT", "/words/*", Lane::kClient, Echo));
  routes.push_back(NewRoute("DELETE", "/words", Lane::kClient, Echo));
  routes.push_back(NewRoute("POST", "/bulk", Lane::kStream, Echo, true));
  routes.push_back(NewRoute(
      "POST", "/unread", Lane::kStream,
      [](const Request&, Response& response) { response.body = "unread"; }, true));
  routes.push_back(NewRoute("GET", "/throw", Lane::kClient, [](const Request&, Response&) {
    throw std::runtime_error("the secret");
  }));
  routes.push_back(
      NewRoute("GET", "/wait", Lane::kClient, [gate](const Request&, Response& response) {
        gate->Pass();
        response.body = "waited";
      }));
  return routes;
}

// Few threads, so that a test can fill a lane, and no timeout that a loaded machine could meet.
inline HttpServerOptions QuietOptions() {
  HttpServerOptions options;
  options.health = {1, 16};
  options.peer = {1, 16};
  options.client = {2, 16};
  options.stream = {2, 0};
  options.head_timeout = options.body_timeout = options.request_deadline = kPatience;
  options.rate_window = kPatience;
  return options;
}

class RunningServer {
 public:
  explicit RunningServer(HttpServerOptions options = QuietOptions(),
                         std::vector<Route> more_routes = {}) {
    std::vector<Route> routes = CommonRoutes(&gate);
    for (Route& route : more_routes) routes.push_back(std::move(route));
    Result<std::unique_ptr<HttpServer>> server =
        HttpServer::Listen(std::move(options), std::move(routes));
    REQUIRE(server.ok());
    server_ = std::move(*server);
    server_->Serve();
  }
  ~RunningServer() { gate.Open(); }

  HttpServer* operator->() { return server_.get(); }
  test::RawClient Connect() { return test::RawClient(server_->port()); }

  Gate gate;

 private:
  std::unique_ptr<HttpServer> server_;
};

// "STATUS code", after checking that it is a whole problem.
inline std::string ProblemOf(const test::RawAnswer& answer) {
  if (answer.status == 0) return "no answer";
  INFO(answer.body);
  CHECK(answer.whole);
  CHECK(answer.headers.at("content-type") == "application/problem+json");
  const Result<JsonValue> json = ParseJson(answer.body);
  if (!json.ok()) return "not JSON";
  const std::string code((*json)["code"].string());
  CHECK((*json)["type"].string() == "urn:trifecta:problem:" + code);
  CHECK((*json)["status"].number() == static_cast<uint64_t>(answer.status));
  return std::to_string(answer.status) + " " + code;
}

}  // namespace trifecta::net
