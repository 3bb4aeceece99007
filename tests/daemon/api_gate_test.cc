#include "tests/daemon/api_fixture.h"

namespace trifecta::test {
namespace {

const char* const kGated[] = {"/search?q=a",      "/api/v1/search?q=a", "/api/v1/count",
                              "/api/v1/export",   "/api/v1/cluster",    "/nodes",
                              "/search/nodes?q=", "/api/v1/words/a"};
const char* const kOpen[] = {"/live", "/ready", "/metrics", "/version", "/"};

// An API whose store is not open yet.
struct Recovering {
  Recovering() {
    context.readiness = &readiness;
    context.metrics = &metrics;
    auto built = net::Router::Build(daemon::ApiRoutes(context));
    REQUIRE(built.ok());
    router = std::make_unique<net::Router>(std::move(*built));
  }
  net::Response Get(std::string_view target) {
    PiecewiseBody body("");
    net::Request request;
    request.method = "GET";
    request.path = target;
    request.body = &body;
    net::Response response;
    Serve(*router->Find("GET", target).route, request, &response);
    return response;
  }
  daemon::Readiness readiness;
  daemon::Metrics metrics{"1"};
  daemon::ApiContext context;
  std::unique_ptr<net::Router> router;
};

}  // namespace

TEST_CASE("With a token set, requests without it are 401 and told how to send it") {
  Api api;
  api.store.Put({"a"});
  api.token.Set("s3cret");
  for (const char* target : kGated) {
    const auto refused = api.Call("GET", target);
    CHECK(ProblemOf(refused) == "401 unauthorized");
    CHECK(HeaderOf(refused, "WWW-Authenticate").starts_with("Bearer"));
    for (const char* wrong : {"Bearer wrong!", "Bearer s3cre", "Bearer s3crets", "Basic s3cret",
                              "s3cret", "Bearer", "Bearer "}) {
      CHECK(api.Call("GET", target, "", {{"authorization", wrong}}).status == 401);
    }
    for (const char* right : {"Bearer s3cret", "bearer s3cret", "BEARER  s3cret "}) {
      CHECK(api.Call("GET", target, "", {{"authorization", right}}).status == 200);
    }
  }
  for (const char* target : kOpen) CHECK(api.Call("GET", target).status == 200);
}

TEST_CASE("A refused upload stores nothing") {
  Api api;
  api.token.Set("s3cret");
  CHECK(api.Call("POST", "/api/v1/bulk", "a\n").status == 401);
  CHECK(api.Words().empty());
}

TEST_CASE("A token may change and be taken back") {
  Api api;
  api.token.Set("one");
  api.token.Set("two");
  CHECK(api.Call("GET", "/nodes", "", {{"authorization", "Bearer one"}}).status == 401);
  CHECK(api.Call("GET", "/nodes", "", {{"authorization", "Bearer two"}}).status == 200);
  api.token.Set("");
  CHECK(api.Call("GET", "/nodes").status == 200);
}

TEST_CASE("A node that recovers answers probes, and everything else with 503 and the reason") {
  Recovering node;
  CHECK(node.Get("/live").body == "\"OK\"");
  CHECK(node.Get("/version").status == 200);
  CHECK(node.Get("/metrics").body.find("trifecta_ready 0") != std::string::npos);
  const auto ready = node.Get("/ready");
  CHECK(ProblemOf(ready) == "503 unavailable");
  CHECK(Json(ready)["reasons"].array()[0].string().starts_with("recovering"));
  for (const char* target : {"/nodes", "/api/v1/cluster", "/api/v1/count"}) {
    const auto refused = node.Get(target);
    CHECK(ProblemOf(refused) == "503 unavailable");
    CHECK_FALSE(HeaderOf(refused, "Retry-After").empty());
    CHECK(Json(refused)["outcome"].is_null());
  }
  CHECK(node.Get("/").body.find("recovering") != std::string::npos);
}

TEST_CASE("A node that drains is not ready and refuses new requests") {
  Api api;
  CHECK(api.Call("GET", "/ready").body == R"({"status":"ready"})");
  api.readiness.Set(daemon::Phase::kDraining, "draining: asked to stop");
  CHECK(ProblemOf(api.Call("GET", "/ready")) == "503 unavailable");
  CHECK(ProblemOf(api.Call("PUT", "/api/v1/words/a")) == "503 unavailable");
  CHECK(api.Call("GET", "/live").status == 200);
}

TEST_CASE("Probes answer what they are expected to") {
  Api api;
  CHECK(api.Call("GET", "/live").body == "\"OK\"");
  CHECK(api.Call("GET", "/version").body == R"({"version":"1.2.3"})");
  CHECK(api.Call("GET", "/live?from=balancer").status == 200);
  const auto metrics = api.Call("GET", "/metrics");
  CHECK(metrics.content_type.starts_with("text/plain; version=0.0.4"));
  CHECK(metrics.body.find("trifecta_ready 1") != std::string::npos);
}

TEST_CASE("The status page is whole in itself, under a policy that lets nothing else in") {
  Api api;
  api.store.Put({"a"});
  api.context.cluster = "<b>&\"x\"";
  const auto page = api.Call("GET", "/");
  CHECK(page.content_type == "text/html; charset=utf-8");
  CHECK(page.body.find("&lt;b&gt;&amp;&quot;x&quot;") != std::string::npos);
  CHECK(page.body.find("<b>&") == std::string::npos);
  CHECK(page.body.find("{{") == std::string::npos);
  CHECK(page.body.find("role=\"combobox\"") != std::string::npos);
  for (const char* outside : {"src=\"http", "href=\"http", "@import", "url("}) {
    CHECK(page.body.find(outside) == std::string::npos);
  }
  const std::string policy = HeaderOf(page, "Content-Security-Policy");
  CHECK(policy.starts_with("default-src 'none'; script-src 'nonce-"));
  const std::string nonce = policy.substr(policy.find("'nonce-") + 7, 32);
  CHECK(page.body.find("<script nonce=\"" + nonce + "\">") != std::string::npos);
  CHECK(HeaderOf(api.Call("GET", "/"), "Content-Security-Policy") != policy);
}

TEST_CASE("The status page tells nothing of the node to who has no token") {
  Api api;
  api.token.Set("s3cret");
  CHECK(api.Call("GET", "/").body.find(api.context.node_id) == std::string::npos);
  CHECK(api.Call("GET", "/", "", {{"authorization", "Bearer s3cret"}})
            .body.find(api.context.node_id) != std::string::npos);
}

}  // namespace trifecta::test
