#include "net/http_acceptor.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/net/http_server_fixture.h"

namespace trifecta::net {
namespace {

using test::RawClient;

// The process may open `more` descriptors and then none, until this is destroyed.
class FewDescriptors {
 public:
  explicit FewDescriptors(int more) {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(next);
    rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(next + more);
    setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TRIFECTA_ASAN
#endif
#endif

// The address and undefined behaviour sanitizers open pipes of their own to check pointers, and
// take their failure for a bad pointer.
#if !defined(TRIFECTA_ASAN) && !defined(__SANITIZE_ADDRESS__)
TEST_CASE("the server survives running out of descriptors") {
  Gate gate;
  auto server = HttpServer::Listen(QuietOptions(), CommonRoutes(&gate));
  REQUIRE(server.ok());
  std::vector<RawClient> clients;
  for (int i = 0; i < 10; ++i) {
    clients.emplace_back((*server)->port());
    clients.back().Send("GET /live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  }
  const int more = GENERATE(0, 1, 3);
  {
    FewDescriptors few(more);
    (*server)->Serve();
    // Each is answered or turned away, none is left waiting.
    for (RawClient& client : clients) {
      client.Read();
      CHECK(client.Ended());
    }
  }
  CHECK(RawClient((*server)->port()).Get("/live").status == 200);
}
#endif

}  // namespace
}  // namespace trifecta::net
