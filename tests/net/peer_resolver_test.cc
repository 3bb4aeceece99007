#include "net/peer_resolver.h"

#include <netinet/in.h>

#include <condition_variable>
#include <mutex>

#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

// Waits for lookups.
class Lookups {
 public:
  void Ended() {
    std::lock_guard lock(mutex_);
    ++ended_;
    changed_.notify_all();
  }
  bool Wait(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return ended_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int ended_ = 0;
};

TEST_CASE("an address needs no lookup") {
  PeerResolver resolver([] { FAIL("nothing is looked up"); });
  const auto found = resolver.Find({"127.0.0.1", 8000});
  REQUIRE(found);
  REQUIRE(found->ok());
  REQUIRE((*found)->size() == 1);
  CHECK((*found)->front().storage.ss_family == AF_INET);
  CHECK(resolver.Find({"::1", 8000})->ok());
}

TEST_CASE("a name is looked up by another thread, and remembered until it leads nowhere") {
  Lookups lookups;
  PeerResolver resolver([&] { lookups.Ended(); });
  const Endpoint endpoint{"localhost", 8000};
  CHECK_FALSE(resolver.Find(endpoint));
  REQUIRE(lookups.Wait(1));
  const auto found = resolver.Find(endpoint);
  REQUIRE(found);
  REQUIRE(found->ok());
  CHECK_FALSE((*found)->empty());
  resolver.Forget(endpoint);
  CHECK_FALSE(resolver.Find(endpoint));
  CHECK(lookups.Wait(2));
}

}  // namespace
}  // namespace trifecta::net
