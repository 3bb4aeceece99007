// Finds the route of a method and a path, segment by segment, without regular expressions: some
// 100 ns however many routes there are. Immutable after Build; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/http.h"

namespace trifecta::net {

struct RouteMatch {
  const Route* route = nullptr;
  // Where there is no route: the methods that the path has, as an Allow header lists them; "" when
  // no method has it.
  std::string allow;
};

class Router {
 public:
  // kInvalidArgument for two routes of one method and pattern, or a pattern that does not begin
  // with "/".
  static Result<Router> Build(std::vector<Route> routes);

  // The path as sent, without the query: what `*` stands for is not empty and stays encoded.
  // Literal segments win over `*`.
  RouteMatch Find(std::string_view method, std::string_view path) const;

 private:
  // The routes of one pattern, one a method.
  struct Node {
    std::string pattern;
    std::vector<Route> routes;

    const Route* Find(std::string_view method) const;
  };

  Router() = default;
  Status Add(Route route);
  Node* FindOrAddNode(const std::string& pattern);

  std::unordered_map<std::string_view, std::unique_ptr<Node>> literal_;  // by their pattern
  std::vector<std::unique_ptr<Node>> wildcard_;  // most literal segments first
};

// The segments of `path` that the `*` of `pattern` stand for. The path must match.
std::vector<std::string_view> WildcardSegments(std::string_view pattern, std::string_view path);

}  // namespace trifecta::net
