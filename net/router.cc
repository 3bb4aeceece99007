#include "net/router.h"

#include <algorithm>

#include "storage/base/text.h"

namespace trifecta::net {
namespace {

// The segment at the front of "/a/b", which becomes "/b".
std::string_view TakeSegment(std::string_view* path) {
  path->remove_prefix(1);
  const size_t end = std::min(path->find('/'), path->size());
  const std::string_view segment = path->substr(0, end);
  path->remove_prefix(end);
  return segment;
}

bool Matches(std::string_view pattern, std::string_view path) {
  while (!pattern.empty() && !path.empty()) {
    const std::string_view wanted = TakeSegment(&pattern);
    const std::string_view segment = TakeSegment(&path);
    if (wanted == "*" ? segment.empty() : wanted != segment) return false;
  }
  return pattern.empty() && path.empty();
}

size_t LiteralSegments(std::string_view pattern) {
  size_t count = 0;
  while (!pattern.empty()) count += TakeSegment(&pattern) != "*";
  return count;
}

bool HasWildcard(std::string_view pattern) {
  while (!pattern.empty()) {
    if (TakeSegment(&pattern) == "*") return true;
  }
  return false;
}

void AppendMethod(std::string_view method, std::string* allow) {
  if (!allow->empty()) allow->append(", ");
  allow->append(method);
}

}  // namespace

const Route* Router::Node::Find(std::string_view method) const {
  if (method == "HEAD") method = "GET";
  for (const Route& route : routes) {
    if (route.method == method) return &route;
  }
  return nullptr;
}

Result<Router> Router::Build(std::vector<Route> routes) {
  Router router;
  for (Route& route : routes) {
    if (Status status = router.Add(std::move(route)); !status.ok()) return status;
  }
  std::stable_sort(router.wildcard_.begin(), router.wildcard_.end(),
                   [](const auto& a, const auto& b) {
                     return LiteralSegments(a->pattern) > LiteralSegments(b->pattern);
                   });
  return router;
}

Status Router::Add(Route route) {
  const std::string name = StrCat(route.method, " ", route.pattern);
  if (!route.pattern.starts_with('/')) {
    return {StatusCode::kInvalidArgument, StrCat("route ", name, ": must begin with \"/\"")};
  }
  Node* node = FindOrAddNode(route.pattern);
  if (node->Find(route.method) != nullptr) {
    return {StatusCode::kInvalidArgument, StrCat("route ", name, ": given twice")};
  }
  node->routes.push_back(std::move(route));
  return Status::Ok();
}

Router::Node* Router::FindOrAddNode(const std::string& pattern) {
  auto fresh = std::make_unique<Node>();
  fresh->pattern = pattern;
  Node* node = fresh.get();
  if (!HasWildcard(pattern)) {
    return literal_.try_emplace(node->pattern, std::move(fresh)).first->second.get();
  }
  const auto known = std::find_if(wildcard_.begin(), wildcard_.end(),
                                  [&](const auto& other) { return other->pattern == pattern; });
  if (known != wildcard_.end()) return known->get();
  wildcard_.push_back(std::move(fresh));
  return node;
}

RouteMatch Router::Find(std::string_view method, std::string_view path) const {
  RouteMatch match;
  const auto consider = [&](const Node& node) {
    match.route = node.Find(method);
    if (match.route != nullptr) return true;
    for (const Route& route : node.routes) {
      AppendMethod(route.method, &match.allow);
      if (route.method == "GET") AppendMethod("HEAD", &match.allow);
    }
    return false;
  };
  const auto literal = literal_.find(path);
  if (literal != literal_.end() && consider(*literal->second)) return match;
  for (const auto& node : wildcard_) {
    if (Matches(node->pattern, path) && consider(*node)) return match;
  }
  return match;
}

std::vector<std::string_view> WildcardSegments(std::string_view pattern, std::string_view path) {
  std::vector<std::string_view> segments;
  while (!pattern.empty()) {
    const std::string_view segment = TakeSegment(&path);
    if (TakeSegment(&pattern) == "*") segments.push_back(segment);
  }
  return segments;
}

}  // namespace trifecta::net
