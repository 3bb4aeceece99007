#include "storage/symbol_table.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "storage/base/coding.h"

namespace trifecta::storage {
namespace {

constexpr size_t kSampleBytes = 64 * 1024;
constexpr int kRounds = 5;
constexpr size_t kSymbolsMax = 255;
constexpr size_t kSymbolBytesMax = 8;
constexpr size_t kCodes = 512;  // 256 literals, then the symbols

uint64_t Load(const char* at, size_t left) {
  uint64_t bytes = 0;
  std::memcpy(&bytes, at, std::min<size_t>(left, 8));
  return bytes;
}

uint64_t Mask(size_t length) { return length >= 8 ? ~0ull : (1ull << (8 * length)) - 1; }

Status Damaged(const char* what) {
  return {StatusCode::kDataDamaged, std::string("symbol table: ") + what};
}

}  // namespace

Result<SymbolTable> SymbolTable::Parse(std::string_view bytes) {
  Decoder decoder(bytes);
  const size_t count = decoder.Fixed<uint8_t>();
  const std::string_view lengths = decoder.Bytes(count);
  if (!decoder.ok()) return Damaged("cut short");
  SymbolTable table;
  for (size_t i = 0; i < lengths.size(); ++i) {
    const auto length = static_cast<uint8_t>(lengths[i]);
    if (length == 0 || length > kSymbolBytesMax) return Damaged("a symbol's length is not 1 to 8");
    const std::string_view symbol = decoder.Bytes(length);
    if (!decoder.ok()) return Damaged("cut short");
    table.symbols_[i] = Load(symbol.data(), symbol.size());
    table.lengths_[i] = length;
  }
  if (!decoder.empty()) return Damaged("bytes after the last symbol");
  return table;
}

// How often each code, and each pair of neighbouring codes, occurs in the coded sample.
struct SymbolEncoder::Counts {
  std::array<uint32_t, kCodes> single{};
  std::vector<uint16_t> pair = std::vector<uint16_t>(kCodes * kCodes);
};

SymbolEncoder::SymbolEncoder(const std::vector<std::string_view>& sample)
    : two_bytes_(65'536), slots_(kHashSlots) {
  std::vector<std::string_view> chosen;
  size_t total = 0;
  for (std::string_view text : sample) total += text.size();
  const size_t step = std::max<size_t>(1, total / kSampleBytes);
  for (size_t i = 0; i < sample.size(); i += step) chosen.push_back(sample[i]);
  Install({});
  for (int round = 0; round < kRounds; ++round) {
    Counts counts;
    CountSample(chosen, &counts);
    Install(Best(counts));
  }
}

SymbolEncoder::Symbol SymbolEncoder::SymbolOf(uint16_t code) const {
  if (code < 256) return {code, 1};
  return {table_.symbols_[code - 256], table_.lengths_[code - 256]};
}

SymbolEncoder::Match SymbolEncoder::Longest(uint64_t bytes, size_t left) const {
  const Slot& slot = slots_[HashOf(bytes)];
  if (slot.symbol.length != 0 && slot.symbol.length <= left &&
      ((bytes ^ slot.symbol.bytes) & Mask(slot.symbol.length)) == 0) {
    return {slot.code, slot.symbol.length};
  }
  if (left >= 2) {
    const uint16_t code = two_bytes_[bytes & 0xffff];
    if (code != 0) return {code, 2};
  }
  return {one_byte_[bytes & 0xff], 1};
}

void SymbolEncoder::Encode(std::string_view text, std::string* to) const {
  const char* at = text.data();
  size_t left = text.size();
  while (left > 0) {
    const Match match = Longest(Load(at, left), left);
    if (match.code >= 256) {
      to->push_back(static_cast<char>(match.code - 256));
    } else {
      to->push_back(static_cast<char>(kEscape));
      to->push_back(*at);
    }
    at += match.length;
    left -= match.length;
  }
}

void SymbolEncoder::CountSample(const std::vector<std::string_view>& sample, Counts* counts) const {
  for (std::string_view text : sample) {
    const char* at = text.data();
    size_t left = text.size();
    size_t previous = kCodes;
    while (left > 0) {
      const Match match = Longest(Load(at, left), left);
      ++counts->single[match.code];
      if (previous != kCodes) {
        uint16_t& pair = counts->pair[previous * kCodes + match.code];
        if (pair != UINT16_MAX) ++pair;
      }
      previous = match.code;
      at += match.length;
      left -= match.length;
    }
  }
}

// The 255 candidates (codes in use, and pairs of them joined) that save most bytes.
std::vector<SymbolEncoder::Symbol> SymbolEncoder::Best(const Counts& counts) const {
  struct Hash {
    size_t operator()(const std::pair<uint64_t, uint8_t>& key) const {
      return key.first * 0x9e3779b97f4a7c15u + key.second;
    }
  };
  std::unordered_map<std::pair<uint64_t, uint8_t>, uint64_t, Hash> gains;
  for (size_t a = 0; a < kCodes; ++a) {
    if (counts.single[a] == 0) continue;
    const Symbol first = SymbolOf(static_cast<uint16_t>(a));
    // A literal costs two bytes as long as it has no symbol, so one byte is worth more than its
    // length says (the paper's factor for single bytes).
    const uint64_t weight = first.length == 1 ? 8 : first.length;
    gains[{first.bytes, first.length}] += weight * counts.single[a];
    for (size_t b = 0; b < kCodes; ++b) {
      const uint64_t times = counts.pair[a * kCodes + b];
      if (times < 2) continue;
      const Symbol second = SymbolOf(static_cast<uint16_t>(b));
      const size_t length = first.length + second.length;
      if (length > kSymbolBytesMax) continue;
      const uint64_t bytes = first.bytes | (second.bytes << (8 * first.length));
      gains[{bytes, static_cast<uint8_t>(length)}] += times * length;
    }
  }
  std::vector<std::pair<uint64_t, Symbol>> ranked;
  ranked.reserve(gains.size());
  for (const auto& [key, gain] : gains) ranked.push_back({gain, {key.first, key.second}});
  // Ties are broken by the symbol, so that equal input gives equal files.
  std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first > b.first;
    if (a.second.length != b.second.length) return a.second.length > b.second.length;
    return a.second.bytes < b.second.bytes;
  });
  std::vector<Symbol> best;
  for (const auto& candidate : ranked) {
    if (best.size() == kSymbolsMax) break;
    best.push_back(candidate.second);
  }
  return best;
}

void SymbolEncoder::Install(const std::vector<Symbol>& symbols) {
  table_ = SymbolTable();
  count_ = 0;
  for (size_t i = 0; i < 256; ++i) one_byte_[i] = static_cast<uint16_t>(i);
  std::fill(two_bytes_.begin(), two_bytes_.end(), 0);
  std::fill(slots_.begin(), slots_.end(), Slot{});
  for (const Symbol& symbol : symbols) {
    const auto code = static_cast<uint16_t>(count_ + 256);
    if (symbol.length == 1) {
      one_byte_[symbol.bytes] = code;
    } else if (symbol.length == 2) {
      two_bytes_[symbol.bytes] = code;
    } else {
      Slot& slot = slots_[HashOf(symbol.bytes)];
      if (slot.symbol.length != 0) continue;  // a better one sits there
      slot = {symbol, code};
    }
    table_.symbols_[count_] = symbol.bytes;
    table_.lengths_[count_] = symbol.length;
    ++count_;
  }
}

std::string SymbolEncoder::Serialize() const {
  std::string bytes;
  bytes.push_back(static_cast<char>(count_));
  for (size_t i = 0; i < count_; ++i) bytes.push_back(static_cast<char>(table_.lengths_[i]));
  for (size_t i = 0; i < count_; ++i) {
    bytes.append(reinterpret_cast<const char*>(&table_.symbols_[i]), table_.lengths_[i]);
  }
  return bytes;
}

}  // namespace trifecta::storage
