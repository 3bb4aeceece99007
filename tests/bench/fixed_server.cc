#include "tests/bench/fixed_server.h"

#include <unistd.h>

#include <cstdio>

#include "net/http_server.h"
#include "tests/bench/common/die.h"

namespace trifecta::bench {
namespace {

test::ProcessOptions ServerProcess(size_t body_bytes) {
  test::ProcessOptions options;
  options.command = {"/proc/self/exe", kServeFixedFlag, std::to_string(body_bytes)};
  options.keep_input_open = true;
  return options;
}

}  // namespace

int ServeFixed(size_t body_bytes) {
  const net::Handler answer = [body = std::string(body_bytes, 'x')](const net::Request&,
                                                                    net::Response& response) {
    response.body = body;
  };
  const auto server =
      Must(net::HttpServer::Listen({}, {{"GET", "/fixed", net::Lane::kClient, false, answer},
                                        {"POST", "/fixed", net::Lane::kClient, false, answer}}));
  server->Serve();
  std::printf("serving on port %u\n", server->port());
  std::fflush(stdout);
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;
}

FixedServer::FixedServer(size_t body_bytes) : process_(ServerProcess(body_bytes)) {
  const std::string line = process_.WaitForOutput("port ");
  if (line.empty()) Die("the server with fixed answers did not start");
  port_ = static_cast<uint16_t>(std::stoi(line.substr(line.rfind(' ') + 1)));
}

}  // namespace trifecta::bench
