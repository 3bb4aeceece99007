#include "daemon/replication/read_cover.h"

#include <algorithm>
#include <utility>

namespace trifecta::replication {

void ReadCover::Begin(const ClusterView& view, std::span<const uint32_t> partitions,
                      Consistency consistency) {
  self_ = view.self;
  partitions_.assign(partitions.begin(), partitions.end());
  changed_.clear();
  needed_.clear();
  sources_.clear();
  std::vector<std::vector<uint32_t>> at_of;  // by node number
  std::vector<NodeNumber> nodes;
  for (uint32_t index = 0; index < partitions_.size(); ++index) {
    const net::OwnerSets sets = net::OwnersFor(view.partition(partitions_[index]));
    changed_.push_back(sets.changed);
    needed_.push_back(view.ReadsNeeded(sets.read.size(), consistency));
    for (const NodeNumber node : sets.read) {
      if (node >= at_of.size()) at_of.resize(size_t{node} + 1);
      if (at_of[node].empty()) nodes.push_back(node);
      at_of[node].push_back(index);
    }
  }
  for (const NodeNumber node : view.NearestFirst(nodes)) {
    if (!view.IsLive(node)) break;  // the rest are dead, too
    Source& source = sources_.emplace_back();
    source.node = node;
    source.at = std::move(at_of[node]);
  }
}

template <typename Counts>
std::vector<size_t> ReadCover::Lacking(Counts counts) const {
  std::vector<size_t> lacking = needed_;
  for (const Source& source : sources_) {
    if (!counts(source.state)) continue;
    for (const uint32_t index : source.at) lacking[index] -= lacking[index] > 0 ? 1 : 0;
  }
  return lacking;
}

size_t ReadCover::Gain(const Source& source, std::span<const size_t> lacking) const {
  return static_cast<size_t>(std::count_if(source.at.begin(), source.at.end(),
                                           [&](uint32_t index) { return lacking[index] > 0; }));
}

size_t ReadCover::BestOf(std::span<const size_t> lacking, const std::vector<bool>& chosen) const {
  size_t best = kNone, most = 0;
  for (const bool slow : {false, true}) {
    for (size_t i = 0; i < sources_.size(); ++i) {
      const Source& source = sources_[i];
      if (source.state != SourceState::kIdle || source.slow != slow || chosen[i]) continue;
      const size_t gain = Gain(source, lacking);
      if (gain > 0 && source.node == self_) return i;
      if (gain > most) {
        most = gain;
        best = i;
      }
    }
    if (best != kNone) break;
  }
  return best;
}

std::vector<size_t> ReadCover::Choose() const {
  std::vector<size_t> lacking = Lacking([](SourceState state) {
    return state == SourceState::kAsked || state == SourceState::kAnswered;
  });
  std::vector<size_t> choice;
  if (std::all_of(lacking.begin(), lacking.end(), [](size_t lack) { return lack == 0; })) {
    return choice;
  }
  std::vector<bool> chosen(sources_.size());
  for (;;) {
    const size_t best = BestOf(lacking, chosen);
    if (best == kNone) return choice;
    choice.push_back(best);
    chosen[best] = true;
    for (const uint32_t index : sources_[best].at) lacking[index] -= lacking[index] > 0 ? 1 : 0;
  }
}

void ReadCover::Asked(size_t source, uint32_t call, Millis late_at) {
  sources_[source].state = SourceState::kAsked;
  sources_[source].call = call;
  sources_[source].due = late_at;
}

size_t ReadCover::Find(uint32_t call) const {
  for (size_t i = 0; i < sources_.size(); ++i) {
    const Source& source = sources_[i];
    const bool waits = source.state == SourceState::kAsked || source.state == SourceState::kLate;
    if (waits && source.call == call) return i;
  }
  return kNone;
}

void ReadCover::Answered(size_t source) { sources_[source].state = SourceState::kAnswered; }

void ReadCover::Behind(size_t source, Millis now) {
  Source& behind = sources_[source];
  if (++behind.behind > kBehindRetriesMax) return Lost(source);
  behind.state = SourceState::kBehind;
  behind.due = now + kBehindPause;
}

bool ReadCover::OnTick(Millis now) {
  bool changed = false;
  for (Source& source : sources_) {
    const bool asked = source.state == SourceState::kAsked;
    if ((!asked && source.state != SourceState::kBehind) || source.due > now) continue;
    source.state = asked ? SourceState::kLate : SourceState::kIdle;
    source.slow = source.slow || asked;
    changed = true;
  }
  return changed;
}

Millis ReadCover::next_due() const {
  Millis due = kNever;
  for (const Source& source : sources_) {
    if (source.state == SourceState::kAsked || source.state == SourceState::kBehind) {
      due = std::min(due, source.due);
    }
  }
  return due;
}

std::vector<size_t> ReadCover::Short(bool with_late) const {
  const std::vector<size_t> lacking = Lacking([with_late](SourceState state) {
    return state != SourceState::kLost && (with_late || state != SourceState::kLate);
  });
  std::vector<size_t> indices;
  for (size_t i = 0; i < lacking.size(); ++i) {
    if (lacking[i] > 0) indices.push_back(i);
  }
  return indices;
}

size_t ReadCover::Covering(std::span<const size_t> order) const {
  std::vector<size_t> lacking = needed_;
  size_t open = static_cast<size_t>(
      std::count_if(needed_.begin(), needed_.end(), [](size_t lack) { return lack > 0; }));
  for (size_t taken = 0;; ++taken) {
    if (open == 0) return taken;
    if (taken == order.size()) return kNone;
    for (const uint32_t index : sources_[order[taken]].at) {
      if (lacking[index] > 0 && --lacking[index] == 0) --open;
    }
  }
}

bool ReadCover::IsAnswered() const {
  const std::vector<size_t> lacking =
      Lacking([](SourceState state) { return state == SourceState::kAnswered; });
  return std::all_of(lacking.begin(), lacking.end(), [](size_t lack) { return lack == 0; });
}

bool ReadCover::AnswersFor(size_t source, size_t index) const {
  const std::vector<uint32_t>& at = sources_[source].at;
  return std::binary_search(at.begin(), at.end(), static_cast<uint32_t>(index));
}

std::vector<PartitionFence> ReadCover::FencesOf(size_t source) const {
  std::vector<PartitionFence> fences;
  fences.reserve(sources_[source].at.size());
  for (const uint32_t index : sources_[source].at) {
    fences.push_back({partitions_[index], changed_[index]});
  }
  return fences;
}

}  // namespace trifecta::replication
