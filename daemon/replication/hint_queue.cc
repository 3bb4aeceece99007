#include "daemon/replication/hint_queue.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

#include "storage/base/text.h"

namespace trifecta::replication {

using storage::Frame;
using storage::SegmentHeader;
using storage::SegmentReader;

namespace {

constexpr std::string_view kPrefix = "hints-";
constexpr size_t kNameBytes = kPrefix.size() + 4 + 1 + 16;

}  // namespace

std::string HintFileName(net::NodeNumber node, uint64_t segment) {
  char name[kNameBytes + 1];
  std::snprintf(name, sizeof name, "hints-%04x-%016llx", static_cast<unsigned>(node),
                static_cast<unsigned long long>(segment));
  return name;
}

std::optional<HintFile> ParseHintFileName(std::string_view name) {
  if (name.size() != kNameBytes || !name.starts_with(kPrefix)) return std::nullopt;
  HintFile file{};
  const char* node = name.data() + kPrefix.size();
  const char* segment = node + 5;
  std::from_chars(node, node + 4, file.node, 16);
  std::from_chars(segment, segment + 16, file.segment, 16);
  if (file.node == net::kNoNodeNumber || HintFileName(file.node, file.segment) != name) {
    return std::nullopt;
  }
  return file;
}

HintQueue::HintQueue(net::NodeNumber node, std::string folder, FileSystem* file_system,
                     Logger* logger)
    : node_(node), folder_(std::move(folder)), file_system_(file_system), logger_(logger) {}

std::string HintQueue::PathOf(uint64_t segment) const {
  return StrCat(folder_, "/", HintFileName(node_, segment));
}

// Where its frames end is as far as it was written: what follows was lost with the power.
void HintQueue::Recover(uint64_t number) {
  next_number_ = number + 1;
  const Result<std::string> bytes = file_system_->ReadAll(PathOf(number));
  const auto header = bytes.ok() ? storage::DecodeSegmentHeader(*bytes) : std::nullopt;
  if (header && header->version > storage::kLogFormatVersion) {
    logger_->Warning(StrCat(PathOf(number), ": hints of a newer format; they are left alone"));
    return;
  }
  Segment segment;
  segment.number = number;
  if (header) {
    segment.salt = header->salt;
    SegmentReader reader(*bytes, header->salt);
    while (const std::optional<Frame> frame = reader.Next()) {
      segment.size = frame->end;
      segment.hints += frame->count;
      if (segment.oldest == 0) segment.oldest = frame->sequence;
      segment.newest = std::max(segment.newest, frame->sequence);
    }
  }
  segments_.push_back(segment);
  if (segment.hints == 0) {
    segments_.pop_back();
    static_cast<void>(file_system_->Remove(PathOf(number)).ok());  // the next start tries again
  }
}

Status HintQueue::BeginSegment(Random* salts) {
  Segment segment;
  segment.number = next_number_;
  segment.salt = salts->Next();
  Result<std::unique_ptr<WritableFile>> file = file_system_->Create(PathOf(segment.number));
  if (!file.ok()) return file.status();
  ++next_number_;
  TRIFECTA_RETURN_IF_ERROR((*file)->WriteAt(
      0, storage::EncodeSegmentHeader({storage::kLogFormatVersion, segment.salt, segment.number})));
  file_ = std::move(*file);
  segments_.push_back(segment);
  return Status::Ok();
}

Status HintQueue::Append(std::span<const Entry> entries, uint64_t wall, Random* salts) {
  wall = std::max<uint64_t>(wall, 1);
  while (!entries.empty()) {
    if (file_ == nullptr || segments_.back().size >= kHintSegmentBytes) {
      TRIFECTA_RETURN_IF_ERROR(BeginSegment(salts));
    }
    const std::span<const Entry> some = entries.first(std::min(entries.size(), kHintFrameEntries));
    entries = entries.subspan(some.size());
    TRIFECTA_RETURN_IF_ERROR(encoder_.Encode({&some, 1}));
    Segment& segment = segments_.back();
    // What a failed write left behind is no frame, and is written over.
    const std::string_view frame = encoder_.Seal(wall, segment.salt);
    TRIFECTA_RETURN_IF_ERROR(file_->WriteAt(segment.size, frame));
    segment.size += frame.size();
    segment.hints += some.size();
    if (segment.oldest == 0) segment.oldest = wall;
    segment.newest = std::max(segment.newest, wall);
  }
  return Status::Ok();
}

bool HintQueue::LoadFront() {
  const Segment& front = segments_.front();
  if (loaded_number_ == front.number && loaded_.size() >= front.size) return true;
  Result<std::string> bytes = file_system_->ReadAll(PathOf(front.number));
  loaded_number_ = bytes.ok() ? front.number : 0;
  if (bytes.ok()) loaded_ = std::move(*bytes);
  return bytes.ok();
}

bool HintQueue::ReadFront(size_t entries_max, size_t bytes_max, uint64_t not_before,
                          HintBatch* batch) {
  Segment& front = segments_.front();
  batch->segment = front.number;
  batch->begin = batch->end = front.read;
  batch->passed = 0;
  if (!LoadFront()) return false;
  size_t bytes = 0;
  SegmentReader reader(std::string_view(loaded_).substr(0, front.size), front.salt);
  while (const std::optional<Frame> frame = reader.Next()) {
    if (frame->offset < front.read) continue;
    bytes += frame->body.size();
    const bool fits = batch->entries.size() + frame->count <= entries_max && bytes <= bytes_max;
    if (!batch->entries.empty() && !fits) break;
    batch->end = frame->end;
    batch->passed += frame->count;
    if (frame->sequence < not_before) continue;
    const auto entries = decoder_.Decode(*frame);
    if (!entries.ok()) continue;
    for (const Entry& entry : *entries) {
      batch->entries.Add(entry.word, entry.version, entry.tombstone);
    }
  }
  return !batch->entries.empty();
}

void HintQueue::Next(size_t entries_max, size_t bytes_max, uint64_t not_before, HintBatch* batch) {
  *batch = {};
  batch->node = node_;
  while (!segments_.empty()) {
    if (ReadFront(entries_max, bytes_max, not_before, batch)) return;
    if (batch->end < segments_.front().size) {
      logger_->Warning(
          StrCat(PathOf(segments_.front().number), ": hints that cannot be read are dropped"));
    }
    DropFront();
  }
}

void HintQueue::Done(const HintBatch& batch) {
  if (segments_.empty()) return;
  Segment& front = segments_.front();
  if (front.number != batch.segment || front.read != batch.begin) return;
  front.read = batch.end;
  front.hints -= batch.passed;
  if (front.read == front.size) DropFront();
}

void HintQueue::DropFront() {
  const uint64_t number = segments_.front().number;
  segments_.pop_front();
  if (segments_.empty()) file_ = nullptr;
  if (loaded_number_ == number) {
    loaded_number_ = 0;
    loaded_ = {};
  }
  const Status removed = file_system_->Remove(PathOf(number));
  if (!removed.ok()) logger_->Warning(StrCat("hints: ", removed.message()));
}

void HintQueue::DropOlder(uint64_t not_before) {
  while (!segments_.empty() && segments_.front().newest < not_before) DropFront();
}

void HintQueue::DropAll() {
  while (!segments_.empty()) DropFront();
}

uint64_t HintQueue::hints() const {
  uint64_t hints = 0;
  for (const Segment& segment : segments_) hints += segment.hints;
  return hints;
}

uint64_t HintQueue::bytes() const {
  uint64_t bytes = 0;
  for (const Segment& segment : segments_) bytes += segment.size;
  return bytes;
}

}  // namespace trifecta::replication
