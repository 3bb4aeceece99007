#include "net/own_record.h"

#include <algorithm>
#include <string>
#include <utility>

#include "net/incarnation.h"

namespace trifecta::net {

OwnRecord::OwnRecord(NodeRecord record, Outbox* outbox)
    : record_(std::move(record)), outbox_(outbox) {
  record_.incarnation = 0;
  record_.liveness = Liveness::kAlive;
  record_.version.resize(std::min(record_.version.size(), kVersionTextBytesMax));
}

Status OwnRecord::Begin(std::string_view saved, uint64_t unix_seconds) {
  const auto incarnation = ParseIncarnation(saved);
  if (!incarnation.ok()) return incarnation.status();
  wanted_ = std::max(wanted_, FirstIncarnation(*incarnation, unix_seconds));
  PersistAhead();
  return Status::Ok();
}

bool OwnRecord::RaiseAbove(uint64_t accused) {
  wanted_ = std::max(wanted_, std::min(accused + 1, kIncarnationMax));
  const bool raised = begun() && Adopt();
  PersistAhead();
  return raised;
}

bool OwnRecord::Adopt() {
  if (wanted_ > ceiling_ || wanted_ <= record_.incarnation) return false;
  record_.incarnation = wanted_;
  return true;
}

void OwnRecord::PersistAhead() {
  if (persisting_ != 0 || wanted_ + kIncarnationsAhead / 2 <= ceiling_) return;
  if (ceiling_ == kIncarnationMax) return;
  persisting_ = std::min(wanted_ + kIncarnationsAhead, kIncarnationMax);
  outbox_->persists.push_back(
      {std::string(kIncarnationFileName), FormatIncarnation(persisting_), persisting_});
}

bool OwnRecord::OnPersisted(uint64_t token) {
  if (token == 0 || token != persisting_) return false;
  ceiling_ = std::exchange(persisting_, 0);
  const bool raised = Adopt();
  PersistAhead();
  return raised;
}

bool OwnRecord::SetVitals(Vitals vitals) {
  vitals.sequence = record_.vitals.sequence;
  if (vitals == record_.vitals) return false;
  ++vitals.sequence;
  record_.vitals = vitals;
  return true;
}

}  // namespace trifecta::net
