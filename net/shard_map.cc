#include "net/shard_map.h"

#include <algorithm>
#include <utility>

#include "net/stable_hash.h"
#include "storage/base/coding.h"
#include "storage/base/limits.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::net {
namespace {

constexpr uint8_t kPageVersion = 1;

size_t SharedPrefix(std::string_view a, std::string_view b) {
  const size_t length = std::min(a.size(), b.size());
  return static_cast<size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(length), b.begin()).first -
      a.begin());
}

}  // namespace

std::string_view ShardMap::RootOf(std::string_view word) const {
  const size_t carved = LongestPrefixOf(word);
  if (carved != kNone) return word.substr(0, carved_[carved].root.size());
  return ShardRoot(word, k_factor_);
}

Status ShardMap::Check(std::string_view root) const {
  TRIFECTA_RETURN_IF_ERROR(ValidatePrefix(root));
  const std::string_view shortest = ShardRoot(root, k_factor_);
  if (!shortest.empty() && shortest.size() < root.size()) return Status::Ok();
  return {
      StatusCode::kInvalidArgument,
      StrCat("'", root, "' cannot be carved out: a root has more than ", k_factor_, " characters")};
}

Status ShardMap::Carve(std::string_view root) {
  TRIFECTA_RETURN_IF_ERROR(Check(root));
  const size_t at = LowerBound(root);
  if (at < carved_.size() && carved_[at].root == root) return Status::Ok();
  if (carved_.size() >= kCarvedRootsMax) {
    return {StatusCode::kTooLarge,
            StrCat("there are ", carved_.size(), " carved shards, as many as there may be")};
  }
  Merge(std::vector<std::string>{std::string(root)});
  return Status::Ok();
}

size_t ShardMap::Merge(std::span<const std::string> roots) {
  std::vector<std::string> fresh;
  for (const std::string& root : roots) {
    const size_t at = LowerBound(root);
    const bool known = at < carved_.size() && carved_[at].root == root;
    if (!known && Check(root).ok()) fresh.push_back(root);
  }
  std::sort(fresh.begin(), fresh.end());
  fresh.erase(std::unique(fresh.begin(), fresh.end()), fresh.end());
  fresh.resize(std::min(fresh.size(), kMergedRootsMax - carved_.size()));
  if (fresh.empty()) return 0;
  const auto middle = static_cast<std::ptrdiff_t>(carved_.size());
  for (std::string& root : fresh) {
    ++digest_.count;
    digest_.sum += StableHash(root);
    carved_.push_back({std::move(root), kNone});
  }
  std::inplace_merge(carved_.begin(), carved_.begin() + middle, carved_.end(),
                     [](const Carved& a, const Carved& b) { return a.root < b.root; });
  SetOuter();
  return fresh.size();
}

// In ascending order a root comes right after its outer one and everything below that.
void ShardMap::SetOuter() {
  for (size_t i = 0; i < carved_.size(); ++i) {
    size_t outer = i == 0 ? kNone : i - 1;
    while (outer != kNone && !carved_[i].root.starts_with(carved_[outer].root)) {
      outer = carved_[outer].outer;
    }
    carved_[i].outer = outer;
  }
}

size_t ShardMap::LowerBound(std::string_view text) const {
  const auto at =
      std::lower_bound(carved_.begin(), carved_.end(), text,
                       [](const Carved& carved, std::string_view t) { return carved.root < t; });
  return static_cast<size_t>(at - carved_.begin());
}

// Every root that is a prefix of the text is one of the last root up to the text as well, since
// that lies between the two.
size_t ShardMap::LongestPrefixOf(std::string_view text) const {
  const auto above =
      std::upper_bound(carved_.begin(), carved_.end(), text,
                       [](std::string_view t, const Carved& carved) { return t < carved.root; });
  size_t at = above == carved_.begin() ? kNone : static_cast<size_t>(above - carved_.begin()) - 1;
  while (at != kNone && !text.starts_with(carved_[at].root)) at = carved_[at].outer;
  return at;
}

std::vector<std::string> ShardMap::Roots() const {
  std::vector<std::string> roots;
  roots.reserve(carved_.size());
  for (const Carved& carved : carved_) roots.push_back(carved.root);
  return roots;
}

bool ShardMap::Touches(std::string_view root, std::string_view prefix) const {
  return root.starts_with(prefix) || root == RootOf(prefix);
}

ShardMap::Touched ShardMap::ShardsOf(std::string_view prefix) const {
  Touched touched;
  touched.roots.emplace_back(RootOf(prefix));
  touched.all_below = ShardRoot(prefix, k_factor_).empty();
  for (size_t i = LowerBound(prefix); i < carved_.size(); ++i) {
    const std::string& root = carved_[i].root;
    if (!root.starts_with(prefix)) break;
    if (root != touched.roots.front()) touched.roots.push_back(root);
  }
  return touched;
}

std::string ShardMap::EncodePage(std::string_view after) const {
  std::string page;
  PutFixed(&page, kPageVersion);
  std::string_view last;
  for (size_t i = LowerBound(after); i < carved_.size(); ++i) {
    const std::string_view root = carved_[i].root;
    if (root == after) continue;
    const size_t shared = SharedPrefix(last, root);
    std::string record;
    PutVarint(&record, shared);
    PutVarint(&record, root.size() - shared);
    record += root.substr(shared);
    if (page.size() + record.size() > kRootsPageBytesMax) break;
    page += record;
    last = root;
  }
  return page;
}

Result<std::vector<std::string>> DecodeRootsPage(std::string_view bytes) {
  const Status damaged(StatusCode::kDataDamaged, "not a page of carved roots");
  if (bytes.size() > kRootsPageBytesMax) return damaged;
  Decoder from(bytes);
  if (from.Fixed<uint8_t>() != kPageVersion) return damaged;
  std::vector<std::string> roots;
  std::string last;
  while (from.ok() && !from.empty()) {
    const uint64_t shared = from.Varint();
    const std::string_view suffix = from.LengthPrefixed();
    if (shared > last.size() || shared + suffix.size() > kWordBytesMax) return damaged;
    std::string root = last.substr(0, shared);
    root += suffix;
    if (!from.ok() || root <= last) return damaged;
    roots.push_back(root);
    last = std::move(root);
  }
  if (!from.ok()) return damaged;
  return roots;
}

}  // namespace trifecta::net
