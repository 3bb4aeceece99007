#include "daemon/replication/stream_sources.h"

#include <algorithm>

namespace trifecta::replication {

void StreamSources::Set(std::span<const NodeNumber> owners, size_t needed) {
  std::vector<Source> sources;
  for (const NodeNumber node : owners) {
    const Source* known = Find(node);
    sources.push_back(known == nullptr ? Source{node} : *known);
  }
  sources_ = std::move(sources);
  needed_ = needed;
  chosen_.clear();
}

bool StreamSources::Choose(Millis now) {
  chosen_.clear();
  for (const Source& source : sources_) {
    if (source.rests_until <= now && chosen_.size() < needed_) chosen_.push_back(source.node);
  }
  if (chosen_.size() == needed_) return true;
  chosen_.clear();
  return false;
}

void StreamSources::Failed(NodeNumber node, Millis now) {
  Source* const source = Find(node);
  if (source == nullptr) return;
  const unsigned doublings = std::min(source->failures++, 8u);
  source->rests_until = now + std::min(kSourceRestLast, kSourceRestFirst << doublings);
}

void StreamSources::Answered(NodeNumber node) {
  if (Source* const source = Find(node); source != nullptr) source->failures = 0;
}

Millis StreamSources::next_due() const {
  if (needed_ == 0 || sources_.size() < needed_) return kNever;
  std::vector<Millis> rests;
  for (const Source& source : sources_) rests.push_back(source.rests_until);
  std::nth_element(rests.begin(), rests.begin() + static_cast<ptrdiff_t>(needed_ - 1), rests.end());
  return rests[needed_ - 1];
}

StreamSources::Source* StreamSources::Find(NodeNumber node) {
  const auto at = std::find_if(sources_.begin(), sources_.end(),
                               [node](const Source& source) { return source.node == node; });
  return at == sources_.end() ? nullptr : &*at;
}

}  // namespace trifecta::replication
