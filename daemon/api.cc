#include "daemon/api.h"

#include "daemon/api_parameters.h"
#include "daemon/api_routes.h"
#include "daemon/readiness.h"
#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

net::Response Unauthorized() {
  net::Response response = net::Problem(
      401, "unauthorized",
      "this node asks for a token: send it as 'Authorization: Bearer TOKEN' (trifecta: "
      "--token-file)");
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"trifecta\"");
  return response;
}

// The gate's first half, before the body is read.
bool HasToken(const ApiContext& context, std::string_view authorization, net::Response* refusal) {
  const AccessToken* const token = context.token;
  if (token == nullptr || !token->required() || token->Allows(authorization)) return true;
  *refusal = Unauthorized();
  return false;
}

// Whether the request may reach its handler; if not, `response` says why.
bool PassesGate(const ApiContext& context, const ApiRoute& route, const net::Request& request,
                net::Response* response) {
  Status allowed = route.needs_ready ? context.readiness->Check() : Status::Ok();
  if (allowed.ok()) allowed = CheckParameterNames(request, route.parameters);
  if (!allowed.ok()) *response = net::ProblemFor(allowed);
  return allowed.ok();
}

net::Route Gated(const ApiContext& context, const ApiRoute& route) {
  net::Route served{std::string(route.method),
                    std::string(route.pattern),
                    route.lane,
                    route.streams_body,
                    nullptr,
                    route.body_bytes_max};
  served.handler = [&context, route](const net::Request& request, net::Response& response) {
    if (!route.gated || PassesGate(context, route, request, &response)) {
      route.handler(context, request, response);
    }
  };
  if (route.gated) {
    served.admit = [&context](std::string_view authorization, net::Response& refusal) {
      return HasToken(context, authorization, &refusal);
    };
  }
  return served;
}

std::string WithOutcomeUnknown(std::string_view extra) {
  constexpr std::string_view kUnknown = R"("outcome":"unknown")";
  return extra.empty() ? std::string(kUnknown) : StrCat(kUnknown, ",", extra);
}

}  // namespace

std::vector<net::Route> ApiRoutes(const ApiContext& context) {
  std::vector<net::Route> routes;
  for (const auto& group :
       {WordRoutes(), SearchRoutes(), BulkRoutes(), ExportRoutes(), ClusterRoutes(),
        ClusterChangeRoutes(), HealthRoutes(), StatusPageRoutes(), PeerRoutes()}) {
    for (const ApiRoute& route : group) routes.push_back(Gated(context, route));
  }
  return routes;
}

net::Response WriteProblem(const Status& status, std::string_view extra) {
  switch (status.code()) {
    case StatusCode::kUnavailable:
    case StatusCode::kIoError:
      return net::Problem(503, "unavailable", status.message(), WithOutcomeUnknown(extra));
    case StatusCode::kDataDamaged:
      return net::Problem(503, "unavailable", status.message(), extra, net::Retry::kNever);
    case StatusCode::kTimeout:
      return net::Problem(504, "timeout", status.message(), extra);
    case StatusCode::kDiskFull:
      return net::Problem(507, "disk_full", status.message(), extra);
    default:
      return net::Problem(500, "internal", status.message(), extra);
  }
}

net::Response BodyProblem(const Status& status, std::string_view extra) {
  switch (status.code()) {
    case StatusCode::kTimeout:
      return net::Problem(408, "request_timeout", status.message(), extra);
    case StatusCode::kTooLarge:
      return net::Problem(413, "too_large", status.message(), extra);
    case StatusCode::kUnavailable:
      return net::Problem(503, "unavailable", status.message(), extra);
    default:
      return net::Problem(400, "bad_request", status.message(), extra);
  }
}

}  // namespace trifecta::daemon
