// Compression of short strings by a table of up to 255 symbols of 1 to 8 bytes: FSST (Boncz,
// Neumann, Leis: "FSST: Fast Random Access String Compression", VLDB 2020), written small.
//
// Each string is coded by itself, so that one suffix in the middle of a base file decodes without
// its neighbours: a code byte a symbol, or kEscape and a literal byte. Front-coded suffixes of
// words are about 3 bytes and shrink by a third; those of paths and URLs shrink to less than half.
// General compressors need blocks of kilobytes for that, and microseconds to get at one string.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/status.h"

namespace trifecta::storage {

inline constexpr uint8_t kEscape = 255;

// Decodes. A value of 2.3 KiB; immutable, any thread.
class SymbolTable {
 public:
  // No symbols: every byte is escaped.
  SymbolTable() { lengths_.fill(0); }

  // From bytes written by SymbolEncoder::Serialize; kDataDamaged when they break the format.
  static Result<SymbolTable> Parse(std::string_view bytes);

  // Decodes `count` code bytes at `codes` to `out`, and returns the end of what was written; null
  // when an escape is cut short, a code has no symbol, or more than `out_end` - `out` bytes would
  // be written. Up to 7 bytes beyond the returned end, though none beyond `out_end` + 8, may be
  // overwritten.
  char* Decode(const uint8_t* codes, size_t count, char* out, const char* out_end) const {
    const uint8_t* const end = codes + count;
    while (codes < end) {
      if (out > out_end) return nullptr;
      const uint8_t code = *codes++;
      if (code == kEscape) [[unlikely]] {
        if (codes == end) return nullptr;
        *out++ = static_cast<char>(*codes++);
      } else {
        const uint8_t length = lengths_[code];
        if (length == 0) [[unlikely]]
          return nullptr;
        __builtin_memcpy(out, &symbols_[code], 8);
        out += length;
      }
    }
    return out > out_end ? nullptr : out;
  }

 private:
  friend class SymbolEncoder;
  std::array<uint64_t, 256> symbols_{};  // bytes of a symbol, first in the lowest bits
  std::array<uint8_t, 256> lengths_;
};

// Trains a table on a sample and encodes with it. Not for several threads at once.
class SymbolEncoder {
 public:
  // Learns from strings of which about kSampleBytes are looked at. Five rounds as in the paper,
  // some 3 ms.
  explicit SymbolEncoder(const std::vector<std::string_view>& sample);

  // Appends the codes of `text`.
  void Encode(std::string_view text, std::string* to) const;

  const SymbolTable& table() const { return table_; }
  // u8 number of symbols, their lengths, their bytes.
  std::string Serialize() const;

 private:
  struct Symbol {
    uint64_t bytes = 0;
    uint8_t length = 0;
  };
  struct Match {
    uint16_t code;  // below 256: a literal byte; from 256: symbol code + 256
    uint8_t length;
  };
  struct Counts;

  // Symbols of three and more bytes sit in a hash of their first three; one a slot, the first to
  // come stays (a lossy perfect hash: the paper's choice, branch-free).
  static constexpr size_t kHashSlots = 2048;
  static size_t HashOf(uint64_t bytes) { return ((bytes & 0xffffff) * 0x9e3779b97f4a7c15u) >> 53; }

  Match Longest(uint64_t bytes, size_t left) const;
  void Install(const std::vector<Symbol>& symbols);
  void CountSample(const std::vector<std::string_view>& sample, Counts* counts) const;
  std::vector<Symbol> Best(const Counts& counts) const;
  Symbol SymbolOf(uint16_t code) const;

  size_t count_ = 0;
  SymbolTable table_;
  std::array<uint16_t, 256> one_byte_;  // code + 256, or the byte itself
  std::vector<uint16_t> two_bytes_;     // 65,536: code + 256, or 0
  struct Slot {
    Symbol symbol;
    uint16_t code = 0;
  };
  std::vector<Slot> slots_;
};

}  // namespace trifecta::storage
