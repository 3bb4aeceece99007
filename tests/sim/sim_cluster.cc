#include "tests/sim/sim_cluster.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "net/preference.h"
#include "net/ring_change.h"
#include "storage/base/limits.h"
#include "storage/base/text.h"
#include "tests/sim/fixed_ring.h"

namespace trifecta::sim {

using replication::ClusterView;
using replication::Digest;
using replication::ViewPtr;

namespace {

// How often nodes hear who is up, where they do not find out.
constexpr Millis kViewPeriod = 300;
// From one question to the next where something is asked for until it is done.
constexpr Millis kAskAgain = 500;
// After how long a node is started again that has died of its disk.
constexpr Millis kRestartMin = 100, kRestartMax = 3'000;
// Seeds of each node: the first ones.
constexpr size_t kSeeds = 3;

net::NodeId RandomId(Random* random) {
  std::array<uint8_t, net::NodeId::kBytes> bytes;
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random->Next());
  return net::NodeId(bytes);
}

net::Address AddressOf(NodeIndex index) { return StrCat("10.0.0.", index + 1, ":8000"); }

bool No(std::string* why, std::string text) {
  if (why != nullptr) *why = std::move(text);
  return false;
}

}  // namespace

SimCluster::SimCluster(uint64_t seed, ClusterOptions options)
    : options_(std::move(options)),
      network_(seed),
      calls_(&network_, [this](NodeIndex at, NodeIndex from, std::string request, Millis patience,
                               SimCalls::Reply reply) {
        nodes_[at]->Serve(from, std::move(request), patience, std::move(reply));
      }) {
  for (size_t i = 0; i < options_.nodes + options_.later; ++i) AddNode();
  world_ = AddOutsider("world");
  if (options_.topology) return;
  std::vector<net::NewMember> members;
  for (const auto& one : nodes_) {
    members.push_back({one->options().id, one->options().address, one->options().zone});
  }
  ring_ = FixedRing(Constants(), members);
}

net::RingConstants SimCluster::Constants() {
  net::RingConstants constants;
  constants.cluster_name = "sim";
  constants.cluster_id = RandomId(random());
  constants.partitions = options_.partitions;
  constants.replication_factor = options_.replication_factor;
  constants.k_factor = options_.k_factor;
  return constants;
}

void SimCluster::AddNode() {
  SimNode::Options node;
  node.index = nodes_.size();
  node.id = RandomId(random());
  node.address = AddressOf(node.index);
  node.zone = StrCat("zone-", node.index % options_.zones);
  node.k_factor = options_.k_factor;
  node.partitions = options_.partitions;
  node.pace = options_.pace;
  node.flaws = options_.flaws;
  node.topology = options_.topology;
  for (NodeIndex seed = 0; seed < std::min(kSeeds, options_.nodes); ++seed) {
    node.seeds.push_back(AddressOf(seed));
  }
  node.constants = Constants();
  node.detector = options_.detector;
  network_.AddNode(node.address, [this, index = node.index](const SimMessage& message) {
    nodes_[index]->Receive(message);
  });
  network_.Crash(node.index);
  SimNode::Listener listener;
  listener.fault = [this](SimNode* died, const Status& status) { OnFault(died, status); };
  listener.ring = [this](SimNode* at, const net::RingPtr& ring) { OnRing(at, ring); };
  listener.left = [this](SimNode* gone) { members_.erase(gone->options().index); };
  listener.id_of = [this](NodeIndex index) { return nodes_[index]->options().id; };
  nodes_.push_back(std::make_unique<SimNode>(&network_, &calls_, node, listener));
}

NodeIndex SimCluster::AddOutsider(const std::string& name) {
  return network_.AddNode(name, [](const SimMessage&) {});
}

void SimCluster::After(Millis delay, SimNetwork::Task task) {
  network_.After(world_, delay, std::move(task));
}

void SimCluster::StartAll() {
  for (NodeIndex index = 0; index < options_.nodes; ++index) StartFirst(index);
  if (!options_.topology) RefreshViews();
}

void SimCluster::StartFirst(NodeIndex index) {
  members_.insert(index);
  Start(index);
}

void SimCluster::Start(NodeIndex index) {
  if (node(index).running() || !members_.contains(index)) return;
  node(index).Start();
  if (!options_.topology && node(index).running()) node(index).TakeView(ViewOf(index));
}

void SimCluster::TakeOut(NodeIndex index) {
  for (const NodeIndex asked : members_) {
    if (!node(asked).ready()) continue;
    if (node(asked).member()->BeginLeave(node(index).options().id).ok()) return;
  }
}

void SimCluster::LoseForGood(NodeIndex index, Millis until) {
  if (now() > until) return;
  const bool whole = ring_ != nullptr && !ring_->operation &&
                     static_cast<size_t>(std::count_if(
                         ring_->members.begin(), ring_->members.end(), [](const auto& member) {
                           return member.state == net::MemberState::kActive;
                         })) == members_.size();
  if (!whole) return After(kAskAgain, [this, index, until] { LoseForGood(index, until); });
  members_.erase(index);
  if (node(index).running()) node(index).Kill();
  TakeOutAtLast(index);
}

void SimCluster::TakeOutAtLast(NodeIndex index) {
  if (ring_->Find(node(index).options().id)->state == net::MemberState::kLeft) return;
  if (!ring_->operation) TakeOut(index);
  After(kAskAgain, [this, index] { TakeOutAtLast(index); });
}

bool SimCluster::AllRun() {
  return std::all_of(members_.begin(), members_.end(),
                     [this](NodeIndex index) { return node(index).running(); });
}

// A disk that lost power, or filled up, is nobody's fault, nor is a node that stayed away for so
// long in the middle of its join that this was given up; a disk that cannot be read again is, and
// so is any other node that gives up.
void SimCluster::OnFault(SimNode* died, const Status& status) {
  const NodeIndex index = died->options().index;
  if (status.message().find("has left the cluster") != std::string::npos) {
    members_.erase(index);
    return;
  }
  if (status.code() != StatusCode::kIoError && status.code() != StatusCode::kDiskFull) {
    Report(Rule::kDoesNotStart,
           StrCat("node ", index, " at ", now(), " ms: ", status.ToString(), "\n"));
    return;
  }
  After(kRestartMin + random()->Below(kRestartMax - kRestartMin), [this, index] { Start(index); });
}

void SimCluster::OnRing(SimNode* at, const net::RingPtr& ring) {
  const NodeIndex index = at->options().index;
  const auto [first, is_new] = rings_.try_emplace(ring->epoch, index, ring);
  if (!is_new && *first->second.second != *ring) {
    Report(Rule::kRingsDiffer, StrCat("epoch ", ring->epoch, ": node ", index,
                                      " has another ring than node ", first->second.first, "\n"));
  }
  if (ring_ == nullptr || ring_->epoch < ring->epoch) ring_ = ring;
}

// Views without a membership protocol -------------------------------------------------------------

ViewPtr SimCluster::ViewOf(NodeIndex index) {
  auto view = std::make_shared<ClusterView>();
  view->ring = ring_;
  view->self = ring_->Find(node(index).options().id)->number;
  view->stamper = view->self;
  for (const net::Member& member : ring_->members) {
    const NodeIndex other = *network_.Listener(member.address);
    const bool up = network_.running(other) && !network_.is_cut(other, index);
    view->nodes.push_back(
        {member.number, member.id, member.address, member.zone, other == index || up, 1});
  }
  view->Finish();
  return view;
}

void SimCluster::RefreshViews() {
  for (NodeIndex index = 0; index < size(); ++index) {
    if (node(index).running() && !network_.paused(index)) node(index).TakeView(ViewOf(index));
  }
  After(kViewPeriod, [this] { RefreshViews(); });
}

// The end -----------------------------------------------------------------------------------------

bool SimCluster::Converged(std::string* why) {
  if (!AllRun()) return No(why, "a node does not run");
  if (!AllAgree(why)) return false;
  for (uint32_t partition = 0; partition < ring_->partitions.size(); ++partition) {
    if (!OwnersAreEqual(partition, why)) return false;
  }
  return true;
}

bool SimCluster::AllAgree(std::string* why) {
  if (ring_ == nullptr) return No(why, "there is no ring");
  if (ring_->operation) return No(why, "a change of the ring is under way");
  for (const NodeIndex index : members_) {
    if (!node(index).is_whole()) return No(why, StrCat("node ", index, " lacks what was damaged"));
    if (!node(index).ready()) return No(why, StrCat("node ", index, " is not ready"));
    if (node(index).view()->ring->epoch != ring_->epoch) {
      return No(why, StrCat("node ", index, " has an older ring"));
    }
  }
  return true;
}

bool SimCluster::OwnersAreEqual(uint32_t partition, std::string* why) {
  std::vector<std::pair<NodeIndex, Digest>> digests;
  for (const net::NodeNumber owner : ring_->partitions[partition].owners) {
    const NodeIndex index = *network_.Listener(ring_->Find(owner)->address);
    // It died for good, and is not taken out yet.
    if (!node(index).running()) return No(why, StrCat("an owner, node ", index, ", does not run"));
    if (!node(index).digests().ready()) {
      return No(why, StrCat("node ", index, " has not made its digests"));
    }
    digests.emplace_back(index, node(index).digests().OfPartition(partition));
  }
  for (const auto& [index, digest] : digests) {
    if (digest == digests.front().second) continue;
    return No(why, StrCat("partition ", partition, ": node ", index, " has ", digest.entries,
                          " entries, ", digest.live, " live; node ", digests.front().first, " ",
                          digests.front().second.entries, ", ", digests.front().second.live));
  }
  return true;
}

void SimCluster::CheckReplicas() {
  std::string why;
  if (!Converged(&why)) Report(Rule::kReplicasDiffer, why + "\n");
  for (const auto& one : nodes_) {
    if (one->versions_given_twice() > 0) {
      Report(Rule::kVersionTwice,
             StrCat("node ", one->options().index, ", ", one->versions_given_twice(), " times\n"));
    }
    if (one->ready() && one->digests().ready()) CheckDigests(one.get());
  }
}

void SimCluster::CheckDigests(SimNode* node) {
  std::vector<Digest> counted(options_.partitions);
  storage::Page page;
  storage::SearchOptions search;
  search.limit = kPageEntriesMax;
  search.tombstones = true;
  if (!node->store().Search(search, &page).ok()) return;
  assert(page.size() < kPageEntriesMax);
  for (size_t i = 0; i < page.size(); ++i) {
    Digest& digest = counted[node->view()->PartitionOfWord(page.word(i))];
    ++digest.entries;
    digest.live += !page.tombstone(i);
    digest.sum += replication::EntryHash(page.word(i), page.version(i), page.tombstone(i));
  }
  for (uint32_t partition = 0; partition < counted.size(); ++partition) {
    const Digest kept = node->digests().OfPartition(partition);
    if (kept == counted[partition]) continue;
    Report(Rule::kDigestWrong,
           StrCat("node ", node->options().index, ", partition ", partition, ": ", kept.entries,
                  " entries, ", counted[partition].entries, " are stored\n"));
  }
}

}  // namespace trifecta::sim
