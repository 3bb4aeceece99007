// The API over a store in memory, called without sockets.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/api.h"
#include "daemon/cluster_snapshot.h"
#include "daemon/hybrid_clock.h"
#include "daemon/metrics.h"
#include "daemon/own_status.h"
#include "daemon/readiness.h"
#include "daemon/sole_coordinator.h"
#include "net/json.h"
#include "net/ring_change.h"
#include "net/router.h"
#include "net/url.h"
#include "tests/support/catch.h"
#include "tests/support/fake_store.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_dir.h"

namespace trifecta::test {

// A body that arrives in pieces of a given size, and may break off.
class PiecewiseBody : public net::BodyReader {
 public:
  explicit PiecewiseBody(std::string_view bytes, size_t piece = 64 * 1024, Status end = {})
      : rest_(bytes), piece_(piece), end_(std::move(end)) {}

  Result<size_t> Read(std::span<char> buffer) override {
    if (rest_.empty() && !end_.ok()) return end_;
    const size_t size = std::min({rest_.size(), piece_, buffer.size()});
    std::copy_n(rest_.data(), size, buffer.data());
    rest_.remove_prefix(size);
    return size;
  }

 private:
  std::string_view rest_;
  const size_t piece_;
  const Status end_;
};

// Takes a streamed answer, or hangs up after some writes.
class CollectingWriter : public net::BodyWriter {
 public:
  explicit CollectingWriter(size_t writes_max = SIZE_MAX) : writes_max_(writes_max) {}

  bool Write(std::string_view bytes) override {
    if (writes == writes_max_) return false;
    ++writes;
    text.append(bytes);
    return true;
  }

  std::string text;
  size_t writes = 0;

 private:
  const size_t writes_max_;
};

// What the server does with a request that has arrived.
inline void Serve(const net::Route& route, const net::Request& request, net::Response* response) {
  if (route.admit && !route.admit(request.Header("authorization"), *response)) return;
  route.handler(request, *response);
}

using Headers = std::vector<std::pair<std::string, std::string>>;

// The members of a cluster of one node, as its context names it at the time of asking.
class LoneNode : public daemon::ClusterSource {
 public:
  LoneNode(const daemon::ApiContext* context, const FakeStore* store)
      : context_(*context), store_(*store) {}

  daemon::ClusterSnapshot Snapshot(std::chrono::steady_clock::time_point) override {
    return LocalSnapshot();
  }
  daemon::ClusterSnapshot LocalSnapshot() override {
    const net::NodeId id = *net::NodeId::Parse(context_.node_id);
    const auto ring = net::FoundRing(
        {context_.cluster, id, context_.partitions, context_.replication_factor, context_.k_factor},
        {id, context_.address, context_.zone});
    REQUIRE(ring.ok());
    daemon::NodeSnapshot node{ring->members[0], net::Liveness::kAlive, true, {}, {}, {}};
    node.status = daemon::OwnStatus(store_.Stats(), context_.version, context_.started);
    return {std::make_shared<const net::Ring>(*ring), 0, 0, {node}};
  }
  daemon::ClusterStats LocalStats() const override {
    daemon::ClusterStats stats;
    stats.members = stats.members_live = 1;
    return stats;
  }

 private:
  const daemon::ApiContext& context_;
  const FakeStore& store_;
};

class Api {
 public:
  Api() {
    auto opened = daemon::HybridClock::Open(folder.path(), PosixFileSystem(), &wall);
    REQUIRE(opened.ok());
    clock = std::move(*opened);
    coordinator = std::make_unique<daemon::SoleCoordinator>(&store, clock.get(), uint16_t{1}, 2);
    readiness.Set(daemon::Phase::kReady, "ready");
    context.readiness = &readiness;
    context.metrics = &metrics;
    context.token = &token;
    context.cluster = "words";
    context.address = "127.0.0.1:8000";
    context.version = "1.2.3";
    context.coordinator = coordinator.get();
    context.node_id = "6f1c2a7e-0000-4000-8000-000000000001";
    context.members = &members;
    auto built = net::Router::Build(daemon::ApiRoutes(context));
    REQUIRE(built.ok());
    router = std::make_unique<net::Router>(std::move(*built));
  }

  // Calls the route as the server would. There must be one.
  net::Response Call(std::string_view method, std::string_view target, std::string_view body = {},
                     Headers headers = {}) {
    PiecewiseBody reader(body);
    return CallWith(method, target, &reader, std::move(headers));
  }

  net::Response CallWith(std::string_view method, std::string_view target, net::BodyReader* body,
                         Headers headers = {}) {
    const size_t mark = target.find('?');
    net::Request request;
    request.method = method;
    request.path = target.substr(0, mark);
    request.headers = std::move(headers);
    request.deadline = deadline;
    request.body = body;
    if (mark != std::string_view::npos) {
      auto query = net::ParseQuery(target.substr(mark + 1));
      REQUIRE(query.ok());
      request.query = std::move(*query);
    }
    const net::RouteMatch match = router->Find(method, request.path);
    REQUIRE(match.route != nullptr);
    for (auto segment : net::WildcardSegments(match.route->pattern, request.path)) {
      auto decoded = net::PercentDecode(segment);
      REQUIRE(decoded.ok());
      request.segments.push_back(std::move(*decoded));
    }
    net::Response response;
    Serve(*match.route, request, &response);
    return response;
  }

  // The words of the store that begin with `prefix`, joined by blanks.
  std::string Words(std::string_view prefix = "") const {
    storage::Page page;
    REQUIRE(store.Search({.prefix = prefix, .after = {}, .limit = 10'000}, &page).ok());
    std::string words;
    for (size_t i = 0; i < page.size(); ++i) {
      words.append(words.empty() ? "" : " ").append(page.word(i));
    }
    return words;
  }

  TempDir folder;
  ManualClock wall;
  FakeStore store;
  std::unique_ptr<daemon::HybridClock> clock;
  std::unique_ptr<daemon::Coordinator> coordinator;
  daemon::Readiness readiness;
  daemon::Metrics metrics{"1.2.3"};
  daemon::AccessToken token;
  daemon::ApiContext context;
  LoneNode members{&context, &store};
  std::unique_ptr<net::Router> router;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

// The answer as JSON. It must be JSON.
inline net::JsonValue Json(const net::Response& response) {
  auto json = net::ParseJson(response.body);
  INFO("body " << response.body);
  REQUIRE(json.ok());
  return *json;
}

// "404 word_not_found": a problem's status and code, after checking that it is a whole one.
inline std::string ProblemOf(const net::Response& response) {
  CHECK(response.content_type == "application/problem+json");
  const net::JsonValue json = Json(response);
  CHECK(json["type"].string() == "urn:trifecta:problem:" + std::string(json["code"].string()));
  CHECK(json["status"].number() == static_cast<uint64_t>(response.status));
  CHECK_FALSE(json["title"].string().empty());
  CHECK_FALSE(json["detail"].string().empty());
  return std::to_string(response.status) + " " + std::string(json["code"].string());
}

inline std::string HeaderOf(const net::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

}  // namespace trifecta::test
