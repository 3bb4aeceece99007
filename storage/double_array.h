// A view of a double array over mapped bytes: the index of a base file.
//
// Aoe, "An efficient digital search algorithm by using a double-array structure" (1989), with the
// XOR placement and label check of Yata's Darts-clone: the child of a node with base b on label c
// sits in unit b ^ c, and is there exactly when that unit's label is c (each node's base is its
// own, so a unit with label c belongs to the node with base unit ^ c). Labels (1 byte a unit) lie
// apart from values (4 bytes), so that looking for a sibling compares 16 labels at a time: 5 bytes
// a unit, and no check array.
//
// A node's children always lie in the 256-unit block of its base. Label 0 is the end of a word (no
// word holds U+0000).
#pragma once

#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace trifecta::storage {

// What a unit holds, or the root: a leaf (a bucket of entries), a node (its base), or a chain (a
// node behind a string of single children).
class TrieValue {
 public:
  static constexpr uint32_t kPayloadMax = (1u << 30) - 1;

  TrieValue() = default;
  explicit TrieValue(uint32_t raw) : raw_(raw) {}
  static TrieValue Leaf(uint32_t bucket) { return TrieValue(kLeafBit | bucket); }
  static TrieValue Node(uint32_t base) { return TrieValue(base); }
  static TrieValue Chain(uint32_t offset) { return TrieValue(kChainBit | offset); }

  bool is_leaf() const { return (raw_ & kLeafBit) != 0; }
  bool is_chain() const { return (raw_ & kChainBit) != 0; }
  // A bucket's offset among the entries, a base, or a chain's offset among the chains.
  uint32_t payload() const { return raw_ & kPayloadMax; }
  uint32_t raw() const { return raw_; }

 private:
  static constexpr uint32_t kLeafBit = 1u << 31;
  static constexpr uint32_t kChainBit = 1u << 30;
  uint32_t raw_ = 0;
};

// Bases and units passed in must be below units(); labels are 0 to 255. No allocation, any thread.
class DoubleArray {
 public:
  static constexpr int kNone = -1;

  DoubleArray() = default;
  // `units` is a multiple of 256; the arrays outlive the view.
  DoubleArray(const uint8_t* labels, const uint32_t* values, uint32_t units)
      : labels_(labels), values_(values), units_(units) {}

  uint32_t units() const { return units_; }
  bool HasChild(uint32_t base, uint8_t label) const { return labels_[base ^ label] == label; }
  TrieValue Child(uint32_t base, uint8_t label) const { return TrieValue(values_[base ^ label]); }

  // The greatest label below `label`, the least, the greatest of a node's children; kNone when
  // there is none.
  int ChildBelow(uint32_t base, uint8_t label) const;
  int FirstChild(uint32_t base) const;
  int LastChild(uint32_t base) const { return ChildAtMost(base, 255); }
  // The least label above `label`.
  int ChildAbove(uint32_t base, uint8_t label) const;

 private:
  int ChildAtMost(uint32_t base, uint8_t label) const;
  int ChildAtLeast(uint32_t base, uint8_t label) const;

  const uint8_t* labels_ = nullptr;
  const uint32_t* values_ = nullptr;
  uint32_t units_ = 0;
};

inline int DoubleArray::ChildBelow(uint32_t base, uint8_t label) const {
  return label == 0 ? kNone : ChildAtMost(base, static_cast<uint8_t>(label - 1));
}
inline int DoubleArray::ChildAbove(uint32_t base, uint8_t label) const {
  return label == 255 ? kNone : ChildAtLeast(base, static_cast<uint8_t>(label + 1));
}
inline int DoubleArray::FirstChild(uint32_t base) const { return ChildAtLeast(base, 0); }

#if defined(__SSE2__)

namespace internal {

// The labels that 16 neighbouring units would have as children of `base`: for the labels
// 16 * group .. 16 * group + 15, in the order of the units.
inline __m128i ExpectedLabels(uint32_t base, unsigned group) {
  const __m128i iota = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return _mm_xor_si128(iota, _mm_set1_epi8(static_cast<char>((base & 15) ^ (group << 4))));
}

inline __m128i LabelsOf(const uint8_t* labels, uint32_t base, unsigned group) {
  const uint32_t first = (base & ~15u) ^ (group << 4);
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(labels + first));
}

inline int GreatestByte(__m128i v) {
  v = _mm_max_epu8(v, _mm_srli_si128(v, 8));
  v = _mm_max_epu8(v, _mm_srli_si128(v, 4));
  v = _mm_max_epu8(v, _mm_srli_si128(v, 2));
  v = _mm_max_epu8(v, _mm_srli_si128(v, 1));
  return _mm_cvtsi128_si32(v) & 0xff;
}

inline int LeastByte(__m128i v) {
  v = _mm_min_epu8(v, _mm_srli_si128(v, 8));
  v = _mm_min_epu8(v, _mm_srli_si128(v, 4));
  v = _mm_min_epu8(v, _mm_srli_si128(v, 2));
  v = _mm_min_epu8(v, _mm_srli_si128(v, 1));
  return _mm_cvtsi128_si32(v) & 0xff;
}

}  // namespace internal

inline int DoubleArray::ChildAtMost(uint32_t base, uint8_t label) const {
  const __m128i bound = _mm_set1_epi8(static_cast<char>(label));
  for (int group = label >> 4; group >= 0; --group) {
    const __m128i expected = internal::ExpectedLabels(base, group);
    const __m128i present = _mm_cmpeq_epi8(internal::LabelsOf(labels_, base, group), expected);
    const __m128i allowed = _mm_cmpeq_epi8(_mm_min_epu8(expected, bound), expected);
    const __m128i both = _mm_and_si128(present, allowed);
    if (_mm_movemask_epi8(both) != 0) {
      return internal::GreatestByte(_mm_and_si128(both, expected));
    }
  }
  return kNone;
}

inline int DoubleArray::ChildAtLeast(uint32_t base, uint8_t label) const {
  const __m128i bound = _mm_set1_epi8(static_cast<char>(label));
  const __m128i ones = _mm_set1_epi8(-1);
  for (int group = label >> 4; group < 16; ++group) {
    const __m128i expected = internal::ExpectedLabels(base, group);
    const __m128i present = _mm_cmpeq_epi8(internal::LabelsOf(labels_, base, group), expected);
    const __m128i allowed = _mm_cmpeq_epi8(_mm_max_epu8(expected, bound), expected);
    const __m128i both = _mm_and_si128(present, allowed);
    if (_mm_movemask_epi8(both) != 0) {
      // Absent labels become 255: the least of the rest is the answer.
      return internal::LeastByte(_mm_or_si128(expected, _mm_xor_si128(both, ones)));
    }
  }
  return kNone;
}

#else

inline int DoubleArray::ChildAtMost(uint32_t base, uint8_t label) const {
  for (int c = label; c >= 0; --c) {
    if (HasChild(base, static_cast<uint8_t>(c))) return c;
  }
  return kNone;
}

inline int DoubleArray::ChildAtLeast(uint32_t base, uint8_t label) const {
  for (int c = label; c < 256; ++c) {
    if (HasChild(base, static_cast<uint8_t>(c))) return c;
  }
  return kNone;
}

#endif

}  // namespace trifecta::storage
