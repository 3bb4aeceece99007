#include "daemon/api_routes.h"
#include "tests/daemon/api_fixture.h"

namespace trifecta::test {

TEST_CASE("A cluster of one node is healthy and says that it keeps one copy") {
  Api api;
  api.store.Put({"a", "b"});
  const auto json = Json(api.Call("GET", "/api/v1/cluster"));
  CHECK(json["cluster"].string() == "words");
  CHECK(json["health"].string() == "healthy");
  CHECK(json["can_read"].boolean());
  CHECK(json["can_write"].boolean());
  CHECK(json["replication_factor"].number() == 3);
  CHECK(json["copies"].number() == 1);
  CHECK(json["words"].number() == 2);
  CHECK(json["notes"].array()[0].string().starts_with("1 node for replication_factor 3"));
  REQUIRE(json["nodes"].array().size() == 1);
  const auto& node = json["nodes"].array()[0];
  CHECK(node["id"].string() == api.context.node_id);
  CHECK(node["address"].string() == "127.0.0.1:8000");
  CHECK(node["state"].string() == "up");
  CHECK(node["self"].boolean());
  CHECK(node["version"].string() == "1.2.3");
  CHECK(node["words"].number() == 2);
}

TEST_CASE("With replication_factor 1 there is nothing to note") {
  Api api;
  api.context.replication_factor = 1;
  CHECK(Json(api.Call("GET", "/api/v1/cluster"))["notes"].array().empty());
}

TEST_CASE("Damage and a full disk degrade a node, and say what still works") {
  storage::StoreStats stats;
  CHECK(daemon::HealthOf(stats).name() == "healthy");
  stats.disk_full = true;
  CHECK(daemon::HealthOf(stats).name() == "degraded");
  CHECK(daemon::HealthOf(stats).reads);
  CHECK_FALSE(daemon::HealthOf(stats).writes);
  stats.damaged = true;
  stats.damage = "base-7 at byte 4096";
  CHECK_FALSE(daemon::HealthOf(stats).reads);
  CHECK(daemon::HealthOf(stats).message == "data damaged: base-7 at byte 4096");
}

TEST_CASE("The list of nodes gives id, host, zone and status of each") {
  Api api;
  api.context.zone = "rack \"1\"";
  const auto json = Json(api.Call("GET", "/nodes"));
  REQUIRE(json["nodes"].array().size() == 1);
  const auto& node = json["nodes"].array()[0];
  CHECK(node["id"].string() == api.context.node_id);
  CHECK(node["host"].string() == "127.0.0.1:8000");
  CHECK(node["zone"].string() == "rack \"1\"");
  CHECK(node["status"]["healthy"].boolean());
  CHECK(node["status"]["message"].string() == "up");
}

TEST_CASE("A node's ranges are the roots of its shards") {
  Api api;
  api.store.Put({"trial", "tree", "zoo", "x", "日本語"});
  for (const std::string& node : {api.context.node_id, api.context.address}) {
    CHECK(api.Call("GET", "/nodes/" + node + "/ranges").body ==
          R"({"ranges":["","tr","zo","日本"]})");
  }
  CHECK(ProblemOf(api.Call("GET", "/nodes/other/ranges")) == "404 node_not_found");
}

TEST_CASE("Every word and prefix is owned by the one node") {
  Api api;
  for (const char* q : {"tri", "", "t"}) {
    CHECK(api.Call("GET", std::string("/search/nodes?q=") + q).body ==
          R"({"node":["http://127.0.0.1:8000"]})");
  }
  CHECK(ProblemOf(api.Call("GET", "/search/nodes")) == "400 bad_request");
  CHECK(ProblemOf(api.Call("GET", "/search/nodes?q=%FF")) == "422 invalid_word");
}

}  // namespace trifecta::test
