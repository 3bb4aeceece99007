// From the name of a node to the addresses of its sockets, and why a connection failed in the words
// of an operator.
#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

#include "net/endpoint.h"
#include "storage/base/status.h"

namespace trifecta::net {

struct SocketAddress {
  sockaddr_storage storage;
  socklen_t length;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// The addresses of an endpoint whose host is an address already; at once. kUnavailable when it is a
// name.
Result<std::vector<SocketAddress>> ReadAddress(const Endpoint& endpoint);

// Asks the system's resolver, which knows no deadline: a dead name server keeps the calling thread
// for tens of seconds. kUnavailable ("name not known").
Result<std::vector<SocketAddress>> LookUpName(const Endpoint& endpoint);

// "connection refused", "no route to host": for an errno of connect, send or recv.
std::string ConnectionFailure(int error);

}  // namespace trifecta::net
