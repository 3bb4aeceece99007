#include "daemon/self_check.h"

#include "net/http_client.h"
#include "storage/base/text.h"

namespace trifecta::daemon {

Status CheckLive(const Endpoint& listen, std::chrono::milliseconds patience) {
  Endpoint target = listen;
  if (IsEveryInterface(listen)) {
    target.host = listen.host.find(':') == std::string::npos ? kDefaultHost : "::1";
  }
  net::HttpCall call;
  call.target = "/live";
  call.timeout = patience;
  Result<net::HttpReply> reply = net::HttpClient(target, {.connect_timeout = patience}).Send(call);
  if (!reply.ok()) return reply.status().WithContext("GET /live on the own port");
  if (reply->status == 200) return Status::Ok();
  return {StatusCode::kUnavailable, StrCat("GET /live on the own port: status ", reply->status)};
}

}  // namespace trifecta::daemon
