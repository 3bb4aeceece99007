#include "net/claim.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <random>
#include <set>
#include <string>

#include "storage/base/text.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

using Random = std::mt19937_64;

// Members in zones "a", "b", ..., as many in each as `sizes` says, numbered zone by zone from 1.
std::vector<Claimant> MembersIn(const std::vector<size_t>& sizes) {
  std::vector<Claimant> members;
  for (size_t zone = 0; zone < sizes.size(); ++zone) {
    for (size_t i = 0; i < sizes[zone]; ++i) {
      members.push_back({static_cast<NodeNumber>(members.size() + 1),
                         std::string(1, static_cast<char>('a' + zone))});
    }
  }
  return members;
}

std::map<NodeNumber, int> LoadsOf(const std::vector<Claimant>& members, const OwnerLists& lists) {
  std::map<NodeNumber, int> loads;
  for (const Claimant& member : members) loads[member.number] = 0;
  for (const auto& list : lists) {
    for (const NodeNumber number : list) ++loads[number];
  }
  return loads;
}

std::map<Zone, std::vector<NodeNumber>> ByZone(const std::vector<Claimant>& members) {
  std::map<Zone, std::vector<NodeNumber>> zones;
  for (const Claimant& member : members) zones[member.zone].push_back(member.number);
  return zones;
}

// The copies of one list in each zone, of those that have members.
std::map<Zone, size_t> ZonesOf(const std::map<Zone, std::vector<NodeNumber>>& zones,
                               const std::vector<NodeNumber>& list) {
  std::map<Zone, size_t> counts;
  for (const auto& [zone, numbers] : zones) {
    counts[zone] = static_cast<size_t>(
        std::count_if(list.begin(), list.end(), [&, &ours = numbers](NodeNumber number) {
          return std::find(ours.begin(), ours.end(), number) != ours.end();
        }));
  }
  return counts;
}

// "" when the copies are spread over zones as evenly as the zones' sizes allow.
std::string UnevenZones(const std::map<Zone, std::vector<NodeNumber>>& zones,
                        const std::vector<NodeNumber>& list) {
  const auto counts = ZonesOf(zones, list);
  for (const auto& [zone, count] : counts) {
    for (const auto& [other, others] : counts) {
      if (count > others + 1 && others < zones.at(other).size()) {
        return StrCat("zone ", zone, " has ", count, " copies, zone ", other, " only ", others);
      }
    }
  }
  return "";
}

// The first rule of net/claim.h that `lists` breaks, "" when they keep all of them.
std::string Broken(const std::vector<Claimant>& members, const OwnerLists& lists, unsigned copies) {
  const auto zones = ByZone(members);
  const size_t wanted = std::min<size_t>(copies, members.size());
  for (size_t p = 0; p < lists.size(); ++p) {
    const std::set<NodeNumber> distinct(lists[p].begin(), lists[p].end());
    if (lists[p].size() != wanted || distinct.size() != wanted) {
      return StrCat("partition ", p, " has ", lists[p].size(), " copies on ", distinct.size());
    }
    const std::string uneven = UnevenZones(zones, lists[p]);
    if (!uneven.empty()) return StrCat("partition ", p, ": ", uneven);
  }
  const auto loads = LoadsOf(members, lists);
  if (loads.size() != members.size()) return "somebody else owns something";
  for (const auto& [zone, numbers] : zones) {
    int least = INT32_MAX;
    int most = 0;
    for (const NodeNumber number : numbers) {
      least = std::min(least, loads.at(number));
      most = std::max(most, loads.at(number));
    }
    if (most > least + 1) return StrCat("zone ", zone, " has loads from ", least, " to ", most);
  }
  return "";
}

// The copies that any claim would have to move to give the members the loads that `after` gives:
// those of members that are gone, and what others have more than that.
size_t FewestMoves(const std::vector<Claimant>& members, const OwnerLists& before,
                   const OwnerLists& after) {
  const auto had = LoadsOf(members, before);
  size_t moves = 0;
  for (const auto& [number, load] : LoadsOf(members, after)) {
    moves += static_cast<size_t>(std::max(0, load - had.at(number)));
  }
  return moves;
}

OwnerLists NewRing(size_t partitions) { return OwnerLists(partitions); }

TEST_CASE("without members nobody owns anything; with fewer than copies, each owns everything") {
  CHECK(Claim({}, {{1, 2}, {2}}, 3) == OwnerLists(2));
  const OwnerLists one = Claim(MembersIn({1}), NewRing(8), 3);
  CHECK(one == OwnerLists(8, {1}));
  const OwnerLists two = Claim(MembersIn({2}), one, 3);
  for (const auto& list : two) CHECK(std::set<NodeNumber>(list.begin(), list.end()).size() == 2);
  CHECK(CountMoves(one, two) == 8);
}

TEST_CASE("a claim keeps its rules for every shape of cluster") {
  for (const auto& sizes : std::vector<std::vector<size_t>>{{1},
                                                            {3},
                                                            {7},
                                                            {1, 1},
                                                            {2, 1},
                                                            {5, 1},
                                                            {10, 3},
                                                            {1, 1, 1},
                                                            {2, 2, 1},
                                                            {4, 3, 1},
                                                            {9, 1, 1},
                                                            {5, 5, 5},
                                                            {3, 3, 3, 3},
                                                            {8, 1, 1, 1},
                                                            {2, 2, 2, 2, 2},
                                                            {1, 1, 1, 1, 1}}) {
    for (const unsigned copies : {1u, 2u, 3u, 4u, 5u}) {
      const auto members = MembersIn(sizes);
      const OwnerLists lists = Claim(members, NewRing(64), copies);
      INFO("zones " << sizes.size() << ", members " << members.size() << ", copies " << copies);
      CHECK(Broken(members, lists, copies) == "");
    }
  }
}

TEST_CASE("where the zone rule binds no zone, any two members differ by one partition at most") {
  for (const auto& sizes : std::vector<std::vector<size_t>>{
           {7}, {5, 5, 5}, {2, 2, 1, 2}, {3, 3, 2, 2, 1}, {7, 6, 7, 6}}) {
    const auto members = MembersIn(sizes);
    const auto loads = LoadsOf(members, Claim(members, NewRing(256), 3));
    const auto by_load = [](const auto& a, const auto& b) { return a.second < b.second; };
    const auto [least, most] = std::minmax_element(loads.begin(), loads.end(), by_load);
    INFO("zones " << sizes.size() << ", members " << members.size());
    CHECK(most->second - least->second <= 1);
  }
}

TEST_CASE(
    "a zone of one member among three holds a copy of everything, the others share the rest") {
  const auto loads = LoadsOf(MembersIn({4, 3, 1}), Claim(MembersIn({4, 3, 1}), NewRing(240), 3));
  CHECK(loads.at(8) == 240);
  for (NodeNumber number = 1; number <= 4; ++number) CHECK(loads.at(number) == 60);
  for (NodeNumber number = 5; number <= 7; ++number) CHECK(loads.at(number) == 80);
}

TEST_CASE("a claim is the same in any order of the members, and moves nothing when repeated") {
  auto members = MembersIn({4, 3, 5});
  const OwnerLists lists = Claim(members, NewRing(128), 3);
  CHECK(Claim(members, lists, 3) == lists);
  std::reverse(members.begin(), members.end());
  CHECK(Claim(members, NewRing(128), 3) == lists);
}

TEST_CASE("every member comes first in its share of the lists, and shares some with every other") {
  const auto members = MembersIn({4, 4, 4});
  const OwnerLists lists = Claim(members, NewRing(1024), 3);
  std::map<NodeNumber, int> first;
  std::set<std::pair<NodeNumber, NodeNumber>> pairs;
  for (const auto& list : lists) {
    ++first[list[0]];
    for (const NodeNumber a : list) {
      for (const NodeNumber b : list) pairs.insert({a, b});
    }
  }
  for (const Claimant& member : members) {
    CHECK(first[member.number] > 1024 / 12 / 2);
    CHECK(first[member.number] < 1024 / 12 * 2);
  }
  // Itself, and the eight members of the two other zones.
  CHECK(pairs.size() == 12 * 9);
}

TEST_CASE("a partition whose owners stay keeps their order") {
  auto members = MembersIn({3, 3, 3});
  const OwnerLists before = Claim(members, NewRing(128), 3);
  members.push_back({10, "a"});
  const OwnerLists after = Claim(members, before, 3);
  size_t kept = 0;
  for (size_t p = 0; p < before.size(); ++p) {
    if (std::set<NodeNumber>(before[p].begin(), before[p].end()) !=
        std::set<NodeNumber>(after[p].begin(), after[p].end())) {
      continue;
    }
    CHECK(after[p] == before[p]);
    ++kept;
  }
  // The new member's zone holds 128 copies, of which it takes a quarter.
  CHECK(kept == 128 - 32);
}

// A cluster that members join and leave at random; what it was asked to do, for the message.
struct Story {
  Random random;
  std::vector<Claimant> members;
  NodeNumber last_number = 0;
  size_t zones;
  unsigned copies;
  OwnerLists lists;
  size_t moves = 0;
  size_t moves_needed = 0;
  std::string told;

  explicit Story(uint64_t seed) : random(seed) {
    zones = 1 + random() % 5;
    copies = 1 + static_cast<unsigned>(random() % 4);
    lists = NewRing(size_t{8} << random() % 4);
    told = StrCat("seed ", seed, ", copies ", copies, ", partitions ", lists.size(), ":");
    Join();
  }

  void Join() {
    const Zone zone(1, static_cast<char>('a' + random() % zones));
    members.push_back({++last_number, zone});
    told += StrCat(" +", last_number, zone);
  }
  void Leave() {
    const auto gone = members.begin() + static_cast<int>(random() % members.size());
    told += StrCat(" -", gone->number);
    members.erase(gone);
  }
  // A new member takes over what the old one had, and its zone.
  void Replace() {
    Claimant& member = members[random() % members.size()];
    ++last_number;
    told += StrCat(" ", member.number, ">", last_number);
    for (auto& list : lists) std::replace(list.begin(), list.end(), member.number, last_number);
    member.number = last_number;
  }

  void Step() {
    const uint64_t dice = random() % 10;
    if (dice < 5 || members.size() == 1) {
      Join();
    } else if (dice < 8) {
      Leave();
    } else {
      Join();
      Leave();
    }
  }

  void Reclaim() {
    const OwnerLists before = lists;
    lists = Claim(members, before, copies);
    moves += CountMoves(before, lists);
    moves_needed += FewestMoves(members, before, lists);
  }
};

TEST_CASE("thousands of random joins and leaves keep every rule, with hardly a move too many") {
  size_t moves = 0;
  size_t needed = 0;
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    Story story(seed);
    for (int step = 0; step < 12; ++step) {
      story.Reclaim();
      const std::string broken = Broken(story.members, story.lists, story.copies);
      INFO(story.told);
      REQUIRE(broken == "");
      story.Step();
    }
    moves += story.moves;
    needed += story.moves_needed;
  }
  INFO(moves << " moves, " << needed << " at least");
  CHECK(moves < needed + needed / 50);
}

TEST_CASE("a member that replaces another in its zone takes exactly what that one had") {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Story story(seed);
    for (int step = 0; step < 8; ++step) story.Step();
    story.Reclaim();
    const size_t moves = story.moves;
    story.Replace();
    story.Reclaim();
    INFO(story.told);
    REQUIRE(story.moves == moves);
    REQUIRE(Broken(story.members, story.lists, story.copies) == "");
  }
}

TEST_CASE("share of the fullest member and moves a join, as a table", "[.table]") {
  std::printf("partitions members zones | fullest/mean | copies moved by the last join, share\n");
  for (const size_t partitions : {size_t{256}, size_t{4096}}) {
    for (const size_t count : {4, 5, 6, 10, 20, 50, 100, 1000}) {
      for (const size_t zones : {1, 3, 5}) {
        if (count * 3 > partitions * 3) continue;
        std::vector<Claimant> members;
        const auto join = [&] {
          const auto number = static_cast<NodeNumber>(members.size() + 1);
          members.push_back({number, std::string(1, static_cast<char>('a' + number % zones))});
        };
        while (members.size() < count - 1) join();
        const OwnerLists before = Claim(members, NewRing(partitions), 3);
        join();
        const OwnerLists after = Claim(members, before, 3);
        int most = 0;
        for (const auto& [number, load] : LoadsOf(members, after)) most = std::max(most, load);
        const double mean = 3.0 * static_cast<double>(partitions) / static_cast<double>(count);
        std::printf("%10zu %7zu %5zu | %12.3f | %6zu, %.3f\n", partitions, count, zones,
                    most / mean, CountMoves(before, after), mean);
      }
    }
  }
}

}  // namespace
}  // namespace trifecta::net
