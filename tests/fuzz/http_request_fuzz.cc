// What a connection carries: heads, bodies by length and by chunks, one request after the other.
// However the bytes are cut on their way, the same requests and refusals must come of them, or an
// attacker could choose what we see.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "net/request_intake.h"
#include "net/router.h"
#include "net/server_connection.h"
#include "net/url.h"

using trifecta::net::Lane;
using trifecta::net::RequestIntake;
using trifecta::net::Response;
using trifecta::net::Route;
using trifecta::net::Router;
using trifecta::net::ServerConnection;

namespace {

Router NewRouter() {
  std::vector<Route> routes(5);
  routes[0] = {"GET", "/search", Lane::kClient, false, nullptr};
  routes[1] = {"POST", "/words", Lane::kClient, false, nullptr};
  routes[2] = {"PUT", "/words/*", Lane::kClient, false, nullptr};
  routes[3] = {"POST", "/bulk", Lane::kStream, true, nullptr};
  routes[4] = {"GET", "/nodes/*/ranges", Lane::kClient, false, nullptr};
  auto router = Router::Build(std::move(routes));
  if (!router.ok()) std::abort();
  return std::move(*router);
}

void CheckRequest(const ServerConnection& connection) {
  const auto& head = connection.request.head;
  if (!head.path.starts_with('/') || (head.chunked && head.content_length)) std::abort();
  if (head.content_length && *head.content_length != connection.request.body.size()) std::abort();
  for (const auto segment :
       trifecta::net::WildcardSegments(connection.request.route->pattern, head.path)) {
    const auto decoded = trifecta::net::PercentDecode(segment);
    if (!decoded.ok()) continue;
    const auto again = trifecta::net::PercentDecode(trifecta::net::PercentEncode(*decoded));
    if (!again.ok() || *again != *decoded) std::abort();
  }
  (void)trifecta::net::ParseQuery(head.query).ok();
}

// All that comes of the bytes, when they arrive `step` at a time.
std::string Story(const RequestIntake& intake, std::string_view bytes, size_t step) {
  std::string story;
  ServerConnection connection;
  while (!bytes.empty()) {
    connection.input.append(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    while (true) {
      Response refusal;
      const RequestIntake::Verdict verdict = intake.Take(&connection, &refusal);
      if (verdict == RequestIntake::Verdict::kRefused) {
        story += "refused " + std::to_string(refusal.status) + "\n";
        if (refusal.close) return story;
      } else if (verdict == RequestIntake::Verdict::kReady) {
        CheckRequest(connection);
        story.append(connection.request.head.method).append(" ");
        story.append(connection.request.head.path).append(" " + connection.request.body + "\n");
      } else {
        break;
      }
      connection.request.Clear();
    }
  }
  return story;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Router router = NewRouter();
  static const RequestIntake intake(&router, {}, [](const Route&) { return false; });
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = Story(intake, bytes, SIZE_MAX);
  if (Story(intake, bytes, 1) != whole || Story(intake, bytes, 7) != whole) std::abort();
  return 0;
}
