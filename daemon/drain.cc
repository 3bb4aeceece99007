#include "daemon/drain.h"

#include <chrono>

#include "storage/base/text.h"

namespace trifecta::daemon {

using std::chrono::milliseconds;

void Drain::Ask() {
  if (!asked_.exchange(true)) parts_.wake();
}

void Drain::Step() {
  if (!asked_) return;
  if (stage_ == Stage::kNone) Begin();
  if (stage_ == Stage::kRequests && parts_.in_flight->WaitForNone(milliseconds(0))) {
    BeginCheckpoint();
  }
  if (stage_ == Stage::kCheckpoint &&
      checkpoint_.wait_for(milliseconds(0)) == std::future_status::ready) {
    End(checkpoint_.get());
  }
}

void Drain::Begin() {
  stage_ = Stage::kRequests;
  parts_.readiness->Set(Phase::kDraining,
                        "draining: requests under way finish, new ones are refused");
  parts_.logger->Info("draining, as asked for: requests under way finish, new ones are refused");
  parts_.say_goodbye();
}

void Drain::BeginCheckpoint() {
  stage_ = Stage::kCheckpoint;
  checkpoint_ = std::async(std::launch::async, [this] {
    Status done = parts_.checkpoint();
    parts_.wake();
    return done;
  });
}

void Drain::End(const Status& checkpointed) {
  stage_ = Stage::kDone;
  const std::string done =
      checkpointed.ok()
          ? "everything is checkpointed, and the process can be stopped"
          : StrCat("no request is under way, but not everything is checkpointed: ",
                   checkpointed.message(), "; nothing is lost, the next start replays the log");
  parts_.readiness->Set(Phase::kDrained, StrCat("draining: ", done));
  parts_.logger->Info(StrCat("drained: ", done));
}

void Drain::Finish() {
  if (checkpoint_.valid()) checkpoint_.wait();
}

}  // namespace trifecta::daemon
