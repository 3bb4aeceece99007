#include "daemon/in_flight.h"

#include <utility>

namespace trifecta::daemon {

class InFlight::Mark {
 public:
  explicit Mark(InFlight* all) : all_(all) {
    std::lock_guard lock(all_->mutex_);
    ++all_->count_;
  }
  ~Mark() {
    std::lock_guard lock(all_->mutex_);
    if (--all_->count_ == 0) all_->none_.notify_all();
  }
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;

 private:
  InFlight* const all_;
};

namespace {

bool IsWaitedFor(net::Lane lane) {
  return lane == net::Lane::kClient || lane == net::Lane::kStream;
}

}  // namespace

std::vector<net::Route> InFlight::Count(std::vector<net::Route> routes) {
  for (net::Route& route : routes) {
    if (!IsWaitedFor(route.lane)) continue;
    route.handler = [this, handler = std::move(route.handler)](const net::Request& request,
                                                               net::Response& response) {
      auto mark = std::make_shared<Mark>(this);
      handler(request, response);
      if (!response.stream) return;
      response.stream = [mark, stream = std::move(response.stream)](net::BodyWriter& writer) {
        return stream(writer);
      };
    };
  }
  return routes;
}

bool InFlight::WaitForNone(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  return none_.wait_for(lock, most, [this] { return count_ == 0; });
}

}  // namespace trifecta::daemon
