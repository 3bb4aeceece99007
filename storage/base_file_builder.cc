#include "storage/base_file_builder.h"

#include <algorithm>
#include <vector>

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "storage/base/word_head.h"
#include "storage/base_format.h"
#include "storage/double_array_builder.h"
#include "storage/symbol_table.h"
#include "storage/version_dictionary.h"

namespace trifecta::storage {
namespace {

// A subtrie of at most this many words is one bucket. On the English word lists: 8 words cost 4.5
// bytes a word in all, 16 cost 3.5, 24 cost 3.1 and 32 cost 2.9, and a lookup takes the same time
// within 10% with each (it is the cache that is waited for).
constexpr size_t kBucketTarget = 24;
static_assert(kBucketTarget <= kBucketEntriesMax);

unsigned WidthOf(uint64_t value) {
  unsigned width = 1;
  while (width < 8 && (value >> (8 * width)) != 0) ++width;
  return width;
}

void PutWidth(std::string* to, uint64_t value, unsigned width) {
  to->append(reinterpret_cast<const char*>(&value), width);
}

class Builder {
 public:
  explicit Builder(std::span<const BaseEntry> entries)
      : entries_(entries), versions_(entries), encoder_(Sample(entries, &shared_)) {
    for (const BaseEntry& entry : entries) {
      min_time_ = std::min(min_time_, entry.version.time);
      max_time_ = std::max(max_time_, entry.version.time);
    }
  }

  BuiltBaseFile Build(uint64_t file_number);

 private:
  struct Group {
    uint8_t label;
    size_t begin, end;
    bool bucket;
  };

  static std::vector<std::string_view> Sample(std::span<const BaseEntry> entries,
                                              std::vector<uint16_t>* shared);
  TrieValue AddSubtrie(size_t begin, size_t end, size_t depth);
  std::vector<Group> GroupsOf(size_t begin, size_t end, size_t depth) const;
  TrieValue AddBucket(size_t begin, size_t end, size_t depth);
  void PutVersions(size_t begin, size_t end, VersionMode mode);
  VersionMode ModeOf(size_t begin, size_t end) const;
  void PutEntry(size_t shared_code, std::string_view suffix, bool with_flags, uint8_t flags);
  void SampleRanks();

  std::span<const BaseEntry> entries_;
  std::vector<uint16_t> shared_;  // bytes that an entry's word shares with the one before
  VersionDictionary versions_;
  SymbolEncoder encoder_;
  DoubleArrayBuilder array_;
  std::string buckets_;
  std::string chains_;
  std::string codes_;  // of the suffix being written
  std::vector<RankSample> ranks_;
  uint64_t min_time_ = UINT64_MAX, max_time_ = 0;
  uint64_t live_ = 0;
  uint64_t bucket_count_ = 0;
};

std::vector<std::string_view> Builder::Sample(std::span<const BaseEntry> entries,
                                              std::vector<uint16_t>* shared) {
  std::vector<std::string_view> suffixes;
  shared->resize(entries.size());
  const size_t step = std::max<size_t>(1, entries.size() / 16'384);
  for (size_t i = 0; i < entries.size(); ++i) {
    const size_t same = i == 0 ? 0 : SharedLength(entries[i - 1].word, entries[i].word);
    (*shared)[i] = static_cast<uint16_t>(same);
    if (i % step == 0) suffixes.push_back(entries[i].word.substr(same));
  }
  return suffixes;
}

// The children of a node at `depth`: a group a heavy child, and one for each run of light ones that
// fits a bucket. A word that ends at the node is the first, with label 0.
std::vector<Builder::Group> Builder::GroupsOf(size_t begin, size_t end, size_t depth) const {
  std::vector<Group> groups;
  for (size_t first = begin; first < end;) {
    size_t next = first + 1;
    while (next < end && shared_[next] > depth) ++next;
    const std::string_view word = entries_[first].word;
    const uint8_t label = word.size() == depth ? 0 : static_cast<uint8_t>(word[depth]);
    const bool light = next - first <= kBucketTarget;
    if (light && !groups.empty() && groups.back().bucket &&
        next - groups.back().begin <= kBucketTarget) {
      groups.back().end = next;
    } else {
      groups.push_back({label, first, next, light});
    }
    first = next;
  }
  return groups;
}

TrieValue Builder::AddSubtrie(size_t begin, size_t end, size_t depth) {
  if (end - begin <= kBucketTarget) return AddBucket(begin, end, depth);
  const size_t branch = *std::min_element(shared_.begin() + static_cast<ptrdiff_t>(begin) + 1,
                                          shared_.begin() + static_cast<ptrdiff_t>(end));
  const std::vector<Group> groups = GroupsOf(begin, end, branch);
  std::vector<uint8_t> labels;
  for (const Group& group : groups) labels.push_back(group.label);
  const uint32_t base = array_.Place(labels);
  for (const Group& group : groups) {
    array_.SetValue(base, group.label,
                    group.bucket ? AddBucket(group.begin, group.end, branch)
                                 : AddSubtrie(group.begin, group.end, branch + 1));
  }
  if (branch == depth) return TrieValue::Node(base);
  const TrieValue chain = TrieValue::Chain(static_cast<uint32_t>(chains_.size()));
  PutFixed<uint32_t>(&chains_, base);
  PutVarint(&chains_, branch - depth);
  chains_.append(entries_[begin].word.substr(depth, branch - depth));
  return chain;
}

VersionMode Builder::ModeOf(size_t begin, size_t end) const {
  const Version first = entries_[begin].version;
  bool same = true, coded = true;
  for (size_t i = begin; i < end && coded; ++i) {
    same = same && entries_[i].version == first;
    coded = versions_.CodeOf(i) != VersionDictionary::kNoCode;
  }
  if (!coded) return VersionMode::kRaw;
  if (!same) return VersionMode::kCodes;
  return versions_.CodeOf(begin) == 0 ? VersionMode::kFirst : VersionMode::kShared;
}

void Builder::PutVersions(size_t begin, size_t end, VersionMode mode) {
  if (mode == VersionMode::kFirst) return;
  if (mode == VersionMode::kShared) {
    PutVarint(&buckets_, versions_.CodeOf(begin));
    return;
  }
  const auto value = [&](size_t i) -> uint64_t {
    return mode == VersionMode::kCodes ? versions_.CodeOf(i) : entries_[i].version.time - min_time_;
  };
  uint64_t greatest = 0;
  for (size_t i = begin; i < end; ++i) greatest = std::max(greatest, value(i));
  const unsigned width = WidthOf(greatest);
  buckets_.push_back(static_cast<char>(width));
  for (size_t i = begin; i < end; ++i) {
    PutWidth(&buckets_, value(i), width);
    if (mode == VersionMode::kRaw) PutFixed<uint16_t>(&buckets_, entries_[i].version.node);
  }
}

void Builder::PutEntry(size_t shared_code, std::string_view suffix, bool with_flags,
                       uint8_t flags) {
  codes_.clear();
  encoder_.Encode(suffix, &codes_);
  const size_t high = std::min<size_t>(shared_code, kNibbleEscape);
  const size_t low = std::min<size_t>(codes_.size(), kNibbleEscape);
  buckets_.push_back(static_cast<char>(high << 4 | low));
  if (high == kNibbleEscape) PutVarint(&buckets_, shared_code - kNibbleEscape);
  if (low == kNibbleEscape) PutVarint(&buckets_, codes_.size() - kNibbleEscape);
  if (with_flags) buckets_.push_back(static_cast<char>(flags));
  buckets_.append(codes_);
}

// The words of a bucket begin with the path of `depth` bytes that leads to it. A reader that comes
// by the array knows that path; one that comes from the bucket before knows only what its last word
// shares, so the first entry repeats the path from there.
TrieValue Builder::AddBucket(size_t begin, size_t end, size_t depth) {
  const auto offset = static_cast<uint32_t>(buckets_.size());
  SampleRanks();
  bool with_flags = false;
  for (size_t i = begin; i < end; ++i) with_flags |= entries_[i].flags != 0;
  const VersionMode mode = ModeOf(begin, end);
  buckets_.push_back(static_cast<char>((end - begin - 1) |
                                       static_cast<unsigned>(mode) << kBucketVersionShift |
                                       (with_flags ? kBucketHasFlags : 0)));
  PutVarint(&buckets_, depth);
  PutVersions(begin, end, mode);
  for (size_t i = begin; i < end; ++i) {
    const std::string_view word = entries_[i].word;
    const size_t shared = i > begin ? shared_[i] : std::min<size_t>(shared_[i], depth);
    PutEntry(i > begin ? shared - depth : depth - shared, word.substr(shared), with_flags,
             entries_[i].flags);
    if ((entries_[i].flags & kTombstone) == 0) ++live_;
  }
  ++bucket_count_;
  return TrieValue::Leaf(offset);
}

// Called before each bucket: it is the first of every page that no earlier bucket starts in.
void Builder::SampleRanks() {
  while (ranks_.size() * kBasePageBytes <= buckets_.size()) {
    ranks_.push_back({static_cast<uint32_t>(buckets_.size()), static_cast<uint32_t>(live_)});
  }
}

std::string_view AsBytes(const auto& array) {
  return {reinterpret_cast<const char*>(array.data()), array.size() * sizeof(array[0])};
}

BuiltBaseFile Builder::Build(uint64_t file_number) {
  const TrieValue root = AddSubtrie(0, entries_.size(), 0);
  array_.Finish();

  BuiltBaseFile built;
  std::string& file = built.bytes;
  file.assign(kBasePageBytes, '\0');
  BaseHeader header{};
  const auto add = [&](BaseSection section, std::string_view bytes) {
    header.sections[section] = {file.size(), bytes.size()};
    file.append(bytes);
    file.append(kSectionSlack, '\0');
    file.resize((file.size() + 15) / 16 * 16);
  };
  add(kEntries, buckets_);
  add(kLabels, AsBytes(array_.labels()));
  add(kValues, AsBytes(array_.values()));
  add(kChains, chains_);
  add(kSymbols, encoder_.Serialize());
  add(kVersions, versions_.Serialize());
  add(kRanks, AsBytes(ranks_));

  file.resize((file.size() + kBasePageBytes - 1) / kBasePageBytes * kBasePageBytes);
  std::vector<uint32_t> checksums;
  for (size_t page = 1; page * kBasePageBytes < file.size(); ++page) {
    checksums.push_back(
        Crc32c(std::string_view(file).substr(page * kBasePageBytes, kBasePageBytes)));
  }
  header.checksums_crc = Crc32c(AsBytes(checksums));
  header.sections[kChecksums] = {file.size(), AsBytes(checksums).size()};
  file.append(AsBytes(checksums));

  header.magic = kBaseMagic;
  header.format = kBaseFormat;
  header.file_bytes = file.size();
  header.file_number = file_number;
  header.live = built.live = live_;
  header.tombstones = built.tombstones = entries_.size() - live_;
  header.buckets = bucket_count_;
  header.min_time = min_time_;
  header.max_time = max_time_;
  header.root = root.raw();
  std::memcpy(file.data(), &header, sizeof header);
  header.header_crc = built.header_crc = Crc32c(std::string_view(file).substr(0, kBasePageBytes));
  std::memcpy(file.data(), &header, sizeof header);
  return built;
}

}  // namespace

BuiltBaseFile BuildBaseFile(uint64_t file_number, std::span<const BaseEntry> entries) {
  return Builder(entries).Build(file_number);
}

}  // namespace trifecta::storage
