#include "net/name_lookup.h"

#include <netdb.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "storage/base/text.h"

namespace trifecta::net {
namespace {

std::string LookupFailure(int error) {
  switch (error) {
    case EAI_NONAME:
#ifdef EAI_NODATA
    case EAI_NODATA:
#endif
      return "name not known";
    case EAI_AGAIN:
      return "name not known (the name server does not answer)";
    default:
      return StrCat("name not known (", gai_strerror(error), ")");
  }
}

Result<std::vector<SocketAddress>> LookUp(const Endpoint& endpoint, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const std::string port = std::to_string(endpoint.port);
  const int error = getaddrinfo(endpoint.host.c_str(), port.c_str(), &hints, &list);
  if (error != 0) return Status(StatusCode::kUnavailable, LookupFailure(error));
  std::vector<SocketAddress> found;
  for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
    SocketAddress address{{}, at->ai_addrlen};
    std::memcpy(&address.storage, at->ai_addr, at->ai_addrlen);
    found.push_back(address);
  }
  freeaddrinfo(list);
  return found;
}

}  // namespace

Result<std::vector<SocketAddress>> ReadAddress(const Endpoint& endpoint) {
  return LookUp(endpoint, AI_NUMERICHOST);
}

Result<std::vector<SocketAddress>> LookUpName(const Endpoint& endpoint) {
  return LookUp(endpoint, AI_ADDRCONFIG);
}

std::string ConnectionFailure(int error) {
  switch (error) {
    case ECONNREFUSED:
      return "connection refused";
    case EHOSTUNREACH:
      return "no route to host";
    case ENETUNREACH:
      return "network is unreachable";
    case ECONNRESET:
    case EPIPE:
      return "connection reset by the node";
    case ETIMEDOUT:
      return "no answer";
    default:
      return std::system_category().message(error);
  }
}

}  // namespace trifecta::net
