// How even the shares of members are, and what moves when one joins, by the number of nodes. Hidden
// beside membership_scale_test.cc; `./dev sim scale` prints both tables.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "net/claim.h"
#include "tests/support/catch.h"

namespace trifecta::sim {
namespace {

using net::Claimant;
using net::NodeNumber;
using net::OwnerLists;

constexpr size_t kPartitions = 4'096;
constexpr unsigned kCopies = 3;
constexpr size_t kZones = 5;

std::vector<Claimant> Claimants(size_t nodes) {
  std::vector<Claimant> claimants;
  for (size_t i = 0; i < nodes; ++i) {
    claimants.push_back({static_cast<NodeNumber>(i + 1), "z" + std::to_string(i % kZones)});
  }
  return claimants;
}

double ShareOfFullest(const OwnerLists& lists, size_t nodes) {
  std::vector<size_t> held(nodes + 1);
  for (const std::vector<NodeNumber>& owners : lists) {
    for (const NodeNumber owner : owners) ++held[owner];
  }
  const double mean = static_cast<double>(kPartitions * kCopies) / static_cast<double>(nodes);
  return static_cast<double>(*std::max_element(held.begin(), held.end())) / mean;
}

}  // namespace

TEST_CASE("shares stay even, and a join moves little more than its share, however many nodes",
          "[.][scale]") {
  std::printf("%6s %17s %14s %9s\n", "nodes", "fullest / mean", "moved by join", "its share");
  for (const size_t nodes : {10, 100, 1'000}) {
    const OwnerLists before = net::Claim(Claimants(nodes - 1), OwnerLists(kPartitions), kCopies);
    const OwnerLists after = net::Claim(Claimants(nodes), before, kCopies);
    const double share = static_cast<double>(kPartitions * kCopies) / static_cast<double>(nodes);
    const auto moved = static_cast<double>(net::CountMoves(before, after));
    std::printf("%6zu %17.3f %14.0f %9.1f\n", nodes, ShareOfFullest(after, nodes), moved, share);
    CHECK(ShareOfFullest(after, nodes) < 1.15);
    CHECK(moved < 1.1 * share + 1);
  }
}

}  // namespace trifecta::sim
