#include "net/peer_refusal.h"

#include "net/json.h"
#include "storage/base/text.h"

namespace trifecta::net {

std::string PeerRefusal(int status, std::string_view body) {
  switch (status) {
    case 401:
      return "refuses our token: token_file must hold the same on all nodes";
    case 404:
    case 405:
      return "does not know what nodes ask each other: it is another program, or an older version";
    default:
      break;
  }
  const Result<JsonValue> problem = ParseJson(body);
  const std::string_view detail = problem.ok() ? (*problem)["detail"].string() : "";
  if (detail.empty()) return StrCat("answers with HTTP status ", status);
  return StrCat("refuses (", status, "): ", detail);
}

bool IsLastingRefusal(int status) { return status >= 400 && status < 500; }

}  // namespace trifecta::net
