#include "storage/double_array.h"

#include <algorithm>
#include <set>
#include <vector>

#include "storage/double_array_builder.h"
#include "tests/support/catch.h"
#include "tests/support/entry_sets.h"

namespace trifecta::storage {
namespace {

using test::Below;
using test::Random;

struct Node {
  uint32_t base = 0;
  std::set<uint8_t> labels;
};

std::set<uint8_t> RandomLabels(Random* random, size_t count) {
  std::set<uint8_t> labels;
  while (labels.size() < count) {
    labels.insert(static_cast<uint8_t>(count == 256 ? labels.size() : Below(random, 256)));
  }
  return labels;
}

// Mostly one or a few children, sometimes all.
std::set<uint8_t> RandomLabels(Random* random) {
  constexpr size_t kCounts[] = {1, 1, 2, 3, 8, 26, 100, 256};
  return RandomLabels(random, kCounts[Below(random, std::size(kCounts))]);
}

uint32_t ValueOf(size_t node, uint8_t label) { return static_cast<uint32_t>(node * 256 + label); }

struct Placed {
  DoubleArrayBuilder builder;
  std::vector<Node> nodes;
};

Placed Place(uint64_t seed, size_t count) {
  Random random(seed);
  Placed placed;
  for (size_t i = 0; i < count; ++i) {
    Node node;
    node.labels = RandomLabels(&random);
    const std::vector<uint8_t> labels(node.labels.begin(), node.labels.end());
    node.base = placed.builder.Place(labels);
    for (uint8_t label : labels) {
      placed.builder.SetValue(node.base, label, TrieValue::Leaf(ValueOf(i, label)));
    }
    placed.nodes.push_back(node);
  }
  placed.builder.Finish();
  return placed;
}

DoubleArray ViewOf(const DoubleArrayBuilder& builder) {
  return {builder.labels().data(), builder.values().data(),
          static_cast<uint32_t>(builder.labels().size())};
}

int Greatest(const std::set<uint8_t>& labels, int at_most) {
  const auto above =
      std::find_if(labels.begin(), labels.end(), [&](uint8_t label) { return label > at_most; });
  return above == labels.begin() ? DoubleArray::kNone : *std::prev(above);
}

TEST_CASE("A node has the children that it was placed with, and no others") {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const Placed placed = Place(seed, 300);
    const DoubleArray array = ViewOf(placed.builder);
    for (size_t i = 0; i < placed.nodes.size(); ++i) {
      const Node& node = placed.nodes[i];
      for (int c = 0; c < 256; ++c) {
        const auto label = static_cast<uint8_t>(c);
        const bool there = node.labels.contains(label);
        REQUIRE(array.HasChild(node.base, label) == there);
        if (there) REQUIRE(array.Child(node.base, label).payload() == ValueOf(i, label));
      }
    }
  }
}

TEST_CASE("The nearest child below a label, the first and the last are found") {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const Placed placed = Place(seed, 200);
    const DoubleArray array = ViewOf(placed.builder);
    for (const Node& node : placed.nodes) {
      REQUIRE(array.FirstChild(node.base) == *node.labels.begin());
      REQUIRE(array.LastChild(node.base) == *node.labels.rbegin());
      for (int c = 0; c < 256; ++c) {
        REQUIRE(array.ChildBelow(node.base, static_cast<uint8_t>(c)) ==
                Greatest(node.labels, c - 1));
      }
    }
  }
}

TEST_CASE("No two nodes share a base") {
  std::set<uint32_t> bases;
  for (const Node& node : Place(9, 2'000).nodes) CHECK(bases.insert(node.base).second);
}

TEST_CASE("Units fill to 0.95 and more with nodes as tries of words have them") {
  Random random(4);
  DoubleArrayBuilder builder;
  size_t children = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto labels = RandomLabels(&random, 1 + Below(&random, 1 + Below(&random, 12)));
    builder.Place(std::vector<uint8_t>(labels.begin(), labels.end()));
    children += labels.size();
  }
  CHECK(static_cast<double>(children) > 0.95 * static_cast<double>(builder.labels().size()));
}

TEST_CASE("A value is a leaf, a node or a chain, with its payload") {
  for (uint32_t payload : {0u, 1u, 255u, TrieValue::kPayloadMax}) {
    const TrieValue leaf = TrieValue::Leaf(payload), node = TrieValue::Node(payload),
                    chain = TrieValue::Chain(payload);
    CHECK((leaf.is_leaf() && !leaf.is_chain() && leaf.payload() == payload));
    CHECK((!node.is_leaf() && !node.is_chain() && node.payload() == payload));
    CHECK((!chain.is_leaf() && chain.is_chain() && chain.payload() == payload));
    CHECK(TrieValue(chain.raw()).raw() == chain.raw());
  }
}

}  // namespace
}  // namespace trifecta::storage
